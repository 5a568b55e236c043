"""What a user can mend is told in one line."""

import io
import os
import signal
import sys

import pytest

from rftlab.data.queries import DataError
from rftlab.errors import BadInputError, one_line_errors, print_anywhere


@pytest.mark.parametrize("kind", [BadInputError, DataError])
def test_a_message_is_one_line_that_moves_no_cursor(kind: type[BadInputError]) -> None:
    assert str(kind("a.yaml:\n\tkey\x1b[2J:  wrong\x00\u2028")) == "a.yaml: key [2J: wrong"


def test_a_stage_ends_with_the_line_and_exit_code_1(capsys) -> None:
    @one_line_errors
    def main(message: str) -> None:
        """Fail."""
        raise BadInputError(message)

    with pytest.raises(SystemExit) as exit_:
        main("a.yaml: wrong")
    assert exit_.value.code == "a.yaml: wrong"  # which Python prints on stderr, with exit code 1
    assert main.__doc__ == "Fail."


def test_other_errors_keep_their_traceback() -> None:
    @one_line_errors
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        main()


def test_ctrl_c_ends_a_stage_with_a_line(capsys) -> None:
    @one_line_errors
    def main() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as exit_:
            main()
        os.kill(os.getpid(), signal.SIGINT)  # a terminal and Snakemake both send it
    finally:
        signal.signal(signal.SIGINT, before)
    assert exit_.value.code == 130
    assert capsys.readouterr().err == "stopped by SIGINT\n"


@pytest.mark.parametrize(
    ("encoding", "printed"), [("ascii", "2 x 3 - \\xe9\\U0001f600"), ("latin-1", "2 × 3 - é\\U0001f600")]
)
def test_every_character_can_be_printed(monkeypatch: pytest.MonkeyPatch, encoding: str, printed: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    print_anywhere()
    stream.write("2 × 3 – é😀")
    stream.flush()
    assert stream.buffer.getvalue().decode(encoding) == printed


def test_a_stream_that_knows_all_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="UTF-8", errors="surrogateescape")
    monkeypatch.setattr(sys, "stdout", stream)
    print_anywhere()
    assert stream.errors == "surrogateescape"
