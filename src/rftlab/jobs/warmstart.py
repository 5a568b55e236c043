"""Start a stage with torch and transformers already imported: importing them takes each job 5 seconds.

``python -m rftlab.jobs.warmstart MODULE ARGUMENT…`` does what ``python -m MODULE ARGUMENT…`` does. Where Snakemake has
offered a server (:func:`offer`), the stage runs in a process forked from it. The server has imported libraries and
nothing of ours, so that a stage always loads the code of its checkout. Without a server, or where something differs
that a library reads while it is imported, the stage runs here, in this process.

A forked stage has this process's arguments, folder, environment and open files. Signals are passed on to it, its end is
this process's end, and it dies with this process, whatever killed that. It starts in a tenth of a second and ends as
fast: what it shares with the server it does not take apart, as an interpreter does at its end. Between the two stands
a third::

    this process ── socket ── its keeper, forked from the server, waits for both ── the stage, forked from the keeper

Snakemake's benchmark files see this process alone; what a training held is in its ``timings.jsonl``.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

LIBRARIES = (
    "torch",
    "transformers.models.auto.modeling_auto",
    "transformers.modeling_utils",
    "transformers.tokenization_utils_tokenizers",
    "transformers.loss.loss_utils",
    "safetensors.torch",
    "jinja2.sandbox",
    "yaml",
)
READ_BY_RUNTIMES = ("ATEN_", "CUDA_", "GOMP_", "KMP_", "LD_", "MKL_", "NVIDIA_", "OMP_", "PYTHON")
READ_BY_LIBRARIES = ("HF_", "HUGGINGFACE_", "PYTORCH_", "TOKENIZERS_", "TORCH", "TRANSFORMERS_")
READ_AT_IMPORT = READ_BY_RUNTIMES + READ_BY_LIBRARIES
THREADS = "OMP_NUM_THREADS"
SET_AFTERWARDS = (THREADS, "MKL_NUM_THREADS", "PYTHONPATH")
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
LENGTH = struct.Struct("!Q")
PR_SET_PDEATHSIG = 1
DRIVERS = ("/dev/nvidiactl", "/dev/kfd")
"""Of GPUs: one that an import has initialised does not survive a fork, and beside a GPU's work 5 seconds are little."""
FORKED, REFUSED = b"+", b"-"

_code: int | None = None  # in a forked stage that has come to its end: what it exits with
_server: subprocess.Popen[bytes] | None = None  # its standard input stays open as long as this process lives


def identity(environment: dict[str, str]) -> list[Any]:
    """What must be equal for a process to be forked instead of started: Python, user, what imports read."""
    variables = {k: v for k, v in environment.items() if k.startswith(READ_AT_IMPORT) and k not in SET_AFTERWARDS}
    return [sys.prefix, sys.version, os.getuid(), os.getgid(), sorted(map(list, variables.items()))]


# the job -------------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run a stage; Ctrl-C ends it with a line also while it waits for a device or imports."""
    from rftlab.errors import one_line_errors  # not at the top: the server imports nothing of ours

    one_line_errors(run)(*sys.argv[1:])


def run(module: str, *arguments: str) -> None:
    """Run a stage, on a device of its own where there are some: forked from the server, or here."""
    from rftlab.jobs import devices

    devices.take()
    code = run_there(module, arguments)
    if code is None:
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    elif code < 0:
        with contextlib.suppress(OSError):  # what cannot be caught needs no default
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    else:
        sys.exit(code)


def run_there(module: str, arguments: Sequence[str]) -> int | None:
    """Exit code of the stage, negative for the signal that killed it; None where no server will run it."""
    from rftlab.jobs.environment import SERVER

    environment = dict(os.environ)
    if SERVER not in environment or THREADS not in environment:
        return None
    request = {"module": module, "arguments": arguments, "folder": os.fspath(Path.cwd()), "path": sys.path}
    content = json.dumps({**request, "environment": environment, "identity": identity(environment)}).encode()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with socket.socket(socket.AF_UNIX) as connection:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # they wait until there is a stage to be told
        try:
            connection.connect(f"{environment[SERVER]}/socket")
            socket.send_fds(connection, [LENGTH.pack(len(content))], [0, 1, 2])
            connection.sendall(content)
            if connection.recv(1) != FORKED:
                return None
            for number in SIGNALS:
                if before[number] != signal.SIG_IGN:
                    signal.signal(number, lambda received, _: connection.sendall(bytes([received])))
        except OSError:  # its Snakemake has ended, or is on another machine
            return None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        answer = connection.recv(16)
        for number in SIGNALS:
            signal.signal(number, before[number])
    if not answer:
        sys.exit(f"{module}: the process that waited for it has been killed")
    return int(answer)


# the server ----------------------------------------------------------------------------------------------------------


def offer() -> None:
    """Start a server for the jobs of this process: it imports when the first one comes, and ends with this process.

    None is started on a machine with a GPU, without Linux, and where the path of a temporary folder is too long for a
    socket: jobs then start as they are.
    """
    global _server
    from rftlab.jobs.environment import SERVER

    if not hasattr(os, "pidfd_open") or any(map(os.path.exists, DRIVERS)):
        return
    folder = tempfile.mkdtemp(prefix="rftlab-")  # which nobody else may enter
    with socket.socket(socket.AF_UNIX) as listening:
        try:
            listening.bind(f"{folder}/socket")
        except OSError:
            shutil.rmtree(folder)
            return
        listening.listen(128)  # jobs wait from here on
        _server = subprocess.Popen(
            [sys.executable, "-P", __file__, folder, str(listening.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[listening.fileno()],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # numpy starts no threads, which would not survive a fork
            start_new_session=True,
        )
    os.environ[SERVER] = folder


def serve(folder: str, listening: socket.socket) -> dict[str, Any] | None:
    """Fork a keeper for every job until standard input ends; what is returned in a forked process is its stage."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
    atexit.register(leave)  # before any library: what is registered first is called last
    own = identity(dict(os.environ))
    while sys.stdin.fileno() not in select.select([sys.stdin.fileno(), listening.fileno()], [], [])[0]:
        connection, _ = listening.accept()
        for name in LIBRARIES:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()  # a collection in a stage does not look at, and so copy, what it shares with the server
        if os.fork() == 0:
            listening.close()
            return keep(connection, own)
        connection.close()
    shutil.rmtree(folder, ignore_errors=True)
    return None


def keep(connection: socket.socket, own: list[Any]) -> dict[str, Any]:
    """Fork the stage that a job asks for and tell the job how it ended; returns in the stage alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    header, files, *_ = socket.recv_fds(connection, LENGTH.size, 3)
    if len(header) < LENGTH.size:
        os._exit(1)
    (length,) = LENGTH.unpack(header)
    request: dict[str, Any] = json.loads(connection.recv(length, socket.MSG_WAITALL))
    if request["identity"] != own:
        connection.sendall(REFUSED)
        os._exit(0)
    stage = os.fork()
    if stage == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # die with the keeper
        connection.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        return request
    connection.sendall(FORKED)
    exit_descriptor = os.pidfd_open(stage)
    while exit_descriptor not in select.select([exit_descriptor, connection.fileno()], [], [])[0]:
        try:
            signals = connection.recv(16)
        except OSError:
            signals = b""
        for number in signals or [signal.SIGKILL]:  # nothing: the job has been killed
            os.kill(stage, number)
        if not signals:
            break
    code = os.waitstatus_to_exitcode(os.waitpid(stage, 0)[1])
    try:
        connection.sendall(str(code).encode())
    finally:
        os._exit(0)


def become(request: dict[str, Any]) -> NoReturn:
    """Be the stage: run it as if this process had been started for it."""
    global _code
    import torch

    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    torch.set_num_threads(int(os.environ[THREADS]))
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    sys.path[:] = request["path"]
    sys.argv = [request["module"], *request["arguments"]]
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        _code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        raise
    except Exception:
        _code = 1
        raise
    _code = 0
    sys.exit()


def leave() -> None:
    """End a stage: it has said why, its threads have been waited for, what it registered for its exit has been called.

    Taking apart what it shares with its server would take a second, and libraries whose threads were left behind at the
    fork might wait for them for ever.
    """
    if _code is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_code)


if __name__ == "__main__":
    if __package__:  # python -m rftlab.jobs.warmstart
        main()
    else:
        request = serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
        if request is not None:
            become(request)
