"""The provider's key: where it is found, where it is stored, and how it stays unseen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, SetupError
from .._secrets import Secret

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY_VARIABLE", "Keys"]

KEY_VARIABLE = "ANTHROPIC_API_KEY"
_SERVICE = "nbstream"
_INSTALL = '%pip install "nbstream[keyring]"'


class Keys:
    """Knows the key of this session. It is handed to the model and shown nowhere.

    The environment counts first, then what was entered in this session, then the operating
    system's keyring.
    """

    def __init__(self) -> None:
        self._secret: Secret | None = None
        self._where = ""
        self._looked = False

    def __repr__(self) -> str:
        return f"<Keys: {self.where()}>"

    def given(self) -> str | None:
        """Return the key to hand to a model; None where the environment has it, or nobody."""
        if os.environ.get(KEY_VARIABLE):
            return None
        if self._secret is None and not self._looked:
            self._looked = True  # a locked keyring asks for its password: once is enough
            found = _stored()
            self._secret = Secret(found) if found else None
            self._where = "the keyring"
        return self._secret.reveal() if self._secret else None

    def where(self) -> str:
        """Return where the key comes from, in words; empty where there is none."""
        if os.environ.get(KEY_VARIABLE):
            return KEY_VARIABLE
        return self._where if self.given() else ""

    def ask(self) -> str:
        """Let the user enter a key unseen, store it in the keyring, and say what was done."""
        import getpass

        try:
            key = getpass.getpass(f"{KEY_VARIABLE}: ")
        except Exception as error:  # IPython's own where nobody can answer, EOFError elsewhere
            if type(error).__name__ not in ("StdinNotImplementedError", "EOFError"):
                raise
            raise SetupError(
                f"Nobody can enter a key here. Set {KEY_VARIABLE} before starting the notebook."
            ) from None
        self._take(key, "this session")
        keyring = _keyring()
        if keyring is None:
            return f"The key is kept for this session. To store it for the next ones: {_INSTALL}"
        try:
            keyring.set_password(_SERVICE, KEY_VARIABLE, key.strip())
        except Exception as error:  # every back end has its own errors
            return (
                f"The keyring did not take the key ({type(error).__name__}); it is kept for this "
                f"session. Set {KEY_VARIABLE}, or install a keyring back end."
            )
        self._where = "the keyring"
        return "The key is stored in the operating system's keyring. %chat key forget removes it."

    def read(self, path: Path) -> str:
        """Take the key from a ``.env`` file, for this session, and say so.

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
        key = _from_env(text)
        if not key:
            raise InputError(
                f"{path.name!r} has no line {KEY_VARIABLE}=…. Add one, or use %chat key alone."
            )
        self._take(key, path.name)
        return f"The key is read from {path.name}, for this session."

    def forget(self) -> str:
        """Remove the key from the keyring and this session, and say so."""
        self._secret, self._where, self._looked = None, "", True
        if keyring := _keyring():
            try:
                keyring.delete_password(_SERVICE, KEY_VARIABLE)
            except Exception as error:
                return f"Forgotten for this session; the keyring has none ({type(error).__name__})."
        return "The key is forgotten."

    def _take(self, key: str, where: str) -> None:
        key = key.strip()
        if not key or not (key.isascii() and key.isprintable()) or " " in key:
            raise InputError(
                "That is no key: it is empty, or has characters that no key has. Copy it again."
            )
        self._secret, self._where, self._looked = Secret(key), where, True


def _keyring() -> Any:
    try:
        import keyring
    except ImportError:
        return None
    return keyring


def _stored() -> str | None:
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        found: str | None = keyring.get_password(_SERVICE, KEY_VARIABLE)
    except Exception:  # no back end, or locked: as if there were none
        return None
    return found


def _from_env(text: str) -> str | None:
    try:
        from dotenv import dotenv_values
    except ImportError:
        raise SetupError(f"Reading .env files needs python-dotenv: {_INSTALL}") from None
    import io

    # Nothing else of the file is used, and nothing put into the environment, where %env shows it.
    return dotenv_values(stream=io.StringIO(text), interpolate=False).get(KEY_VARIABLE)
