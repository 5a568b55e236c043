"""The model hub: commits, files at a commit in the Hugging Face cache, and what is wrong in one line.

``huggingface_hub`` is imported when the hub or its cache is asked; a token is taken from ``HF_TOKEN`` alone, never from
a file; with ``HF_HUB_OFFLINE`` nothing is asked but the cache. Code and pickled weights are never fetched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from rftlab.errors import BadInputError
from rftlab.files import file_sha256
from rftlab.jobs.environment import STUDY

Kind = Literal["model", "dataset"]
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True)
class Commit:
    """A commit of a repository and the names of its files."""

    sha: str
    files: tuple[str, ...]


def refuse_repository(name: str) -> None:
    """Refuse what cannot be a repository's id.

    Raises:
        ValueError: with an example.
    """
    if not REPOSITORY.fullmatch(name) or "--" in name or ".." in name:
        raise ValueError(f"id: {name!r} cannot be a repository; an id such as openai/gsm8k is needed")


def token() -> str | Literal[False]:
    """The token of the environment; False keeps huggingface_hub from looking for one in files."""
    return os.environ.get("HF_TOKEN") or False


def fetch_command() -> str:
    """The command that fetches what a study names."""
    return f"`rftlab fetch {os.environ.get(STUDY) or 'STUDY'}`"


def resolve(kind: Kind, repository: str, revision: str) -> Commit:
    """Ask the hub which commit a revision is.

    Raises:
        BadInputError: no such repository or revision, no access, or no hub.
    """
    from huggingface_hub import HfApi

    refuse_without_access(kind, repository, revision)
    api = HfApi(token=token())
    info = ask(kind, repository, revision, lambda: api.repo_info(repository, repo_type=kind, revision=revision))
    return Commit(str(info.sha), tuple(sorted(sibling.rfilename for sibling in getattr(info, "siblings", None) or ())))


def refuse_without_access(kind: Kind, repository: str, revision: str) -> None:
    """Ask the hub, once, whether a repository may be read: without a hub a download would ask for half a minute.

    Raises:
        BadInputError: it may not, or there is no hub.
    """
    from huggingface_hub import HfApi

    ask(kind, repository, revision, lambda: HfApi(token=token()).auth_check(repository, repo_type=kind))


def download(kind: Kind, repository: str, commit: str, name: str) -> Path:
    """One file at a commit, from the cache or else from the hub into the cache.

    Raises:
        BadInputError: it is in neither, or there is no access.
    """
    from huggingface_hub import hf_hub_download

    return Path(
        ask(
            kind,
            repository,
            commit,
            lambda: hf_hub_download(repository, name, repo_type=kind, revision=commit, token=token()),
        )
    )


def files(kind: Kind, repository: str, commit: str, digests: Mapping[str, str]) -> dict[str, Path]:
    """Files at a commit, each with the digest it must have: from the cache, else from the hub.

    Raises:
        BadInputError: files are missing and cannot be had, with the command that fetches them beforehand; or a file is
            another than the lock's.
    """
    from huggingface_hub import try_to_load_from_cache

    cached = {name: try_to_load_from_cache(repository, name, revision=commit, repo_type=kind) for name in digests}
    missing = [name for name, path in cached.items() if not isinstance(path, str)]
    paths = {name: Path(path) for name, path in cached.items() if isinstance(path, str)}
    try:
        if missing:
            refuse_without_access(kind, repository, commit)
        paths |= {name: download(kind, repository, commit, name) for name in missing}
    except BadInputError as error:
        raise BadInputError(
            f"{len(missing)} of {len(digests)} files of {kind} {repository} at commit {commit[:12]} are not in the "
            f"cache ({shortened(missing)}): {error}; {fetch_command()} on a machine that reaches the hub, "
            "such as a login node, fetches them beforehand"
        ) from None
    for name, path in paths.items():
        if (sha256 := file_sha256(path)) != digests[name]:
            raise BadInputError(
                f"{kind} {repository}: {name} at commit {commit[:12]} has the digest {sha256[:12]}…, the lock has "
                f"{digests[name][:12]}…; delete {path} from the cache and run {fetch_command()}"
            )
    return paths


def shortened(names: list[str], most: int = 3) -> str:
    """Some names of a list, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def ask(kind: Kind, repository: str, revision: str, question: Callable[[], T]) -> T:
    """What the hub answers to a question about a repository.

    Raises:
        BadInputError: whatever went wrong, in one line.
    """
    import httpx2
    from huggingface_hub import errors

    where = f"{kind} {repository}"
    try:
        return question()
    except errors.GatedRepoError:
        raise BadInputError(f"{where} is gated: {_access(repository, kind)}") from None
    except errors.RepositoryNotFoundError:
        raise BadInputError(
            f"{where}: the hub has no such {kind}, or shows it only to others; check the id"
            + ("" if token() else ", or set HF_TOKEN if it is private")
        ) from None
    except errors.RevisionNotFoundError:
        raise BadInputError(f"{where}: there is no revision {revision!r}; a branch, tag or commit is needed") from None
    except errors.HFValidationError as error:
        raise BadInputError(f"{where}: this cannot be a repository's id: {error}") from None
    except errors.LocalEntryNotFoundError:  # huggingface_hub's word for: not in the cache and the hub not reached
        raise BadInputError(unreachable()) from None
    except errors.EntryNotFoundError as error:
        raise BadInputError(f"{where}: no such file at {revision}: {_line(error)}") from None
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        if status in (401, 403):
            raise BadInputError(f"{where}: the hub refuses access: {_access(repository, kind)}") from None
        raise BadInputError(f"{where}: the hub answers with an error: {_line(error)}") from None
    except (errors.OfflineModeIsEnabled, ConnectionError, httpx2.TransportError):
        raise BadInputError(unreachable()) from None


def unreachable() -> str:
    """Why the hub does not answer, in words."""
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return "HF_HUB_OFFLINE is set, so the hub is not asked"
    return f"the hub at {constants.ENDPOINT} cannot be reached"


def _access(repository: str, kind: Kind) -> str:
    page = f"{'datasets/' if kind == 'dataset' else ''}{repository}"
    if not token():
        return f"accept its terms on the hub's page {page}, then set HF_TOKEN to a token of that account"
    return f"the account of HF_TOKEN may not read it; accept its terms on the hub's page {page}"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
