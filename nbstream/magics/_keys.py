"""``%chat key``: a provider's key is entered unseen, read from a file, stored, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._exceptions import InputError, SetupError
from ..models._keys import KEYS, SERVICE, keyring, of_env_file
from ..models._providers import PROVIDERS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ask", "forget", "read", "variable_of"]

_INSTALL = '%pip install "nbstream[keyring]"'


def variable_of(provider: str) -> str:
    """Return the name that a provider's key goes by.

    Raises
    ------
    InputError
        If it needs none.
    """
    variable = PROVIDERS[provider].key_variable
    if variable is None:
        with_key = ", ".join(one.name for one in PROVIDERS.values() if one.key_variable)
        raise InputError(f"{provider} needs no key. Those that do: {with_key}.")
    return variable


def ask(provider: str) -> str:
    """Let the user enter a key unseen, store it in the keyring, and say what was done."""
    import getpass

    variable = variable_of(provider)
    try:
        key = getpass.getpass(f"{variable}: ")
    except Exception as error:  # IPython's own where nobody can answer, EOFError elsewhere
        if type(error).__name__ not in ("StdinNotImplementedError", "EOFError"):
            raise
        raise SetupError(
            f"Nobody can enter a key here. Set {variable} before starting the notebook."
        ) from None
    _take(variable, key, "this session")
    ring = keyring()
    if ring is None:
        return f"The key is kept for this session. To store it for the next ones: {_INSTALL}"
    try:
        ring.set_password(SERVICE, variable, key.strip())
    except Exception as error:  # every back end has its own errors
        return (
            f"The keyring did not take the key ({type(error).__name__}); it is kept for this "
            f"session. Set {variable}, or install a keyring back end."
        )
    KEYS.enter(variable, key.strip(), "the keyring")
    again = "%chat key forget" if provider == "anthropic" else f"%chat key {provider} forget"
    return f"The key is stored in the operating system's keyring. {again} removes it."


def read(path: Path) -> str:
    """Take the keys from a ``.env`` file, for this session, and say which.

    Raises
    ------
    InputError
        If there is no such file, or no key in it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(
            f"{path.name!r} cannot be read: {said}. Check the path, or use %chat key alone."
        ) from None
    values = of_env_file(text)
    if values is None:
        raise SetupError(f"Reading .env files needs python-dotenv: {_INSTALL}")
    # Nothing else of the file is used.
    names = [one.key_variable for one in PROVIDERS.values() if one.key_variable]
    there = [name for name in names if (values.get(name) or "").strip()]
    if not there:
        raise InputError(
            f"{path.name!r} has no line {names[0]}=…, nor another provider's. Add one, or use "
            "%chat key alone."
        )
    for name in there:
        _take(name, values[name] or "", path.name)
    what = "The key is" if len(there) == 1 else "The keys are"
    return f"{what} read from {path.name}, for this session: {', '.join(there)}."


def forget(provider: str) -> str:
    """Remove a key from the keyring and this session, and say so."""
    variable = variable_of(provider)
    KEYS.forget(variable)
    if ring := keyring():
        try:
            ring.delete_password(SERVICE, variable)
        except Exception as error:
            return f"Forgotten for this session; the keyring has none ({type(error).__name__})."
    return "The key is forgotten."


def _take(variable: str, key: str, where: str) -> None:
    key = key.strip()
    if not key or not (key.isascii() and key.isprintable()) or " " in key:
        raise InputError(
            "That is no key: it is empty, or has characters that no key has. Copy it again."
        )
    KEYS.enter(variable, key, where)
