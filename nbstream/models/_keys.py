"""The providers' keys: one place that looks for them, in one order, for all models."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .._secrets import Secret

__all__ = ["KEYS", "SERVICE", "Found", "Keys", "has_magics", "keyring", "of_env_file", "ways"]

SERVICE = "nbstream"
"""The name under which keys are in the keyring; the user's name there is the variable's."""
_ENV_FILE = ".env"


class Found(NamedTuple):
    """A key, and where it is from, in words."""

    key: Secret
    where: str


class Keys:
    """Knows this process's keys. They are handed to the models and shown nowhere.

    The environment counts first, then what was entered here, a file ``.env`` in the working
    folder, the operating system's keyring, Colab's and Kaggle's secrets.
    """

    def __init__(self) -> None:
        self._entered: dict[str, Found] = {}
        self._asked: dict[str, Found | None] = {}

    def __repr__(self) -> str:
        return f"<Keys: {', '.join(self._entered) or 'none entered'}>"

    def find(
        self, *variables: str | None, again: bool = False, stored: bool = True, vaults: bool = True
    ) -> Found | None:
        """Return the key that goes by one of these names, or None.

        Parameters
        ----------
        *variables
            Names of environment variables; the first that has a key counts.
        again
            Ask keyring and vaults again that had none before. A locked keyring asks for its
            password each time.
        stored
            Whether to ask keyring and vaults at all.
        vaults
            Whether to ask Colab's and Kaggle's, which may ask the user, or the network.
        """
        names = [name for name in variables if name]
        for look in (_in_environment, self._entered.get, _in_env_file):
            if found := next(filter(None, map(look, names)), None):
                return found
        if not stored:
            return None
        return next(filter(None, (self._stored(name, again, vaults) for name in names)), None)

    def _stored(self, name: str, again: bool, vaults: bool) -> Found | None:
        if self._asked.get(name) is None and (again or name not in self._asked):
            found = _in_keyring(name) or ((_in_colab(name) or _in_kaggle(name)) if vaults else None)
            if found or vaults or not (_is_colab() or _is_kaggle()):
                self._asked[name] = found
            return found
        return self._asked[name]

    def enter(self, variable: str, key: str, where: str) -> None:
        """Take a key, for this process."""
        self._entered[variable] = Found(Secret(key), where)

    def forget(self, variable: str) -> None:
        """Forget what was entered or found, until the next time somebody asks for it again."""
        self._entered.pop(variable, None)
        self._asked[variable] = None


KEYS = Keys()
"""This process's."""


def _found(value: Any, where: str) -> Found | None:
    key = value.strip() if isinstance(value, str) else ""
    return Found(Secret(key), where) if key else None


def _in_environment(name: str) -> Found | None:
    return _found(os.environ.get(name), name)


def _in_env_file(name: str) -> Found | None:
    try:
        text = Path(_ENV_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return None
    # Most programs have no such file: only where one is there is the parser asked for.
    return _found((of_env_file(text) or {}).get(name), _ENV_FILE)


def of_env_file(text: str) -> dict[str, str | None] | None:
    """Return what a ``.env`` file sets; None where python-dotenv is not installed.

    Nothing of it is put into the environment, where ``%env`` would show it.
    """
    try:
        from dotenv import dotenv_values
    except ImportError:
        return None
    import io

    return dict(dotenv_values(stream=io.StringIO(text), interpolate=False))


def keyring() -> Any:
    """Return the package, or None."""
    try:
        return importlib.import_module("keyring")
    except ImportError:
        return None


def _in_keyring(name: str) -> Found | None:
    if (ring := keyring()) is None:
        return None
    try:
        return _found(ring.get_password(SERVICE, name), "the keyring")
    except Exception:  # no back end, or locked: as if there were none
        return None


def _is_colab() -> bool:
    return "google.colab" in sys.modules  # its kernel has it from the beginning


def _in_colab(name: str) -> Found | None:
    if not _is_colab():
        return None
    try:
        vault = importlib.import_module("google.colab.userdata")
        return _found(vault.get(name), "Colab's secrets")
    except Exception:  # not there, or this notebook may not read it: its errors are its own
        return None


def _is_kaggle() -> bool:
    # By its vault, which is what is wanted here; `widget/_host.py` alone knows the hosts.
    name = "kaggle_secrets"
    return bool(sys.modules.get(name) or importlib.util.find_spec(name))


def _in_kaggle(name: str) -> Found | None:
    if not _is_kaggle():
        return None
    try:
        client = importlib.import_module("kaggle_secrets").UserSecretsClient()
        return _found(client.get_secret(name), "Kaggle's secrets")
    except Exception:  # not attached, no internet, no token
        return None


def has_magics() -> bool | None:
    """Tell whether ``%chat`` is there; None: not even a shell that could load it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return None if shell is None else shell.find_line_magic("chat") is not None


def ways(variable: str) -> str:
    """Return all the ways to give a key that fit where this runs, as the middle of a sentence.

    Examples
    --------
    >>> ways("ANY_API_KEY").startswith("Set ANY_API_KEY before starting the notebook")
    True
    """
    from ._providers import PROVIDERS  # which imports the models, which import this

    said = []
    if _is_colab():
        said.append(
            f"Add {variable} to Colab's Secrets (the key at the left) and give this notebook access"
        )
    elif _is_kaggle():
        said.append(f"Attach a secret with the label {variable} (Add-ons, Secrets)")
    else:
        said.append(f"Set {variable} before starting the notebook")
    provider = next((one.name for one in PROVIDERS.values() if one.key_variable == variable), None)
    if provider and (loaded := has_magics()) is not None:
        load = "" if loaded else "%load_ext nbstream and "
        said.append(f"enter it with {load}%chat key {provider}")
    if importlib.util.find_spec("dotenv"):
        said.append(f"write {variable}=… into a file .env in this folder")
    if has_magics() is None and importlib.util.find_spec("keyring"):
        said.append(f"store it with python -m keyring set {SERVICE} {variable}")
    return ", ".join(said)
