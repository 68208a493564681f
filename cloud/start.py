"""How every process of the backend begins: settings that can be used, no placeholder for a secret, a masked log."""

from importlib import metadata
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import SecretStr, ValidationError

from cloud.errors import InvalidInput
from cloud.logs import configure_logging, log_uncaught
from cloud.redaction import keep_secret
from cloud.settings import Settings

_LEAST_CHARS, _LEAST_DIFFERENT = 8, 5
_LEAST_KEY_CHARS = 20
# Beside the 30,000 most common passwords; what is left of a secret once these are taken away must not be next to none.
# fmt: off
_PLACEHOLDER_WORDS = (
    "changeme", "change_me", "change-me", "changeit", "replaceme", "replace_me", "replace-me", "placeholder",
    "example", "sample", "default", "dummy", "postgresql", "postgres", "password", "passwd", "passphrase", "secret",
    "private", "admin", "administrator", "root", "user", "guest", "test", "demo", "prompt2mesh", "prompt-2-mesh",
    "p2m", "your_", "your-", "_here", "-here", "insert", "enter", "put", "my", "please", "value", "todo", "tbd",
    "none", "null", "undefined", "fixme", "letmein", "qwerty", "123456789", "12345678", "1234567", "123456",
    "12345", "1234", "123", "xxx", "...", "sk-ant-api03-", "sk-ant-", "api_key", "api-key", "apikey", "key",
    "token", "database", "db",
)
# fmt: on
_LEFT_CHARS = 4
_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})


def settings_at_start() -> Settings:
    """The settings. Raises: InvalidInput: one cannot be used, in a sentence that names it and not its value."""
    settings = usable_settings()
    check_secrets(settings)
    return settings


def begin_process(settings: Settings) -> None:
    """The log as the settings want it, from now on without their secrets; whatever is uncaught goes there too."""
    configure_logging(settings.log_level, secrets=secrets_of(settings))
    log_uncaught()


def version() -> str:
    """The version of what runs, as its package says."""
    try:
        return metadata.version("prompt2mesh")
    except metadata.PackageNotFoundError:
        return "0.0.0"


def usable_settings() -> Settings:
    """The settings, whatever their secrets are worth, which are masked from now on. Raises: InvalidInput."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise InvalidInput(sentence_of(error)) from None
    keep_secret(*secrets_of(settings))
    return settings


def sentence_of(error: ValidationError) -> str:
    """Which setting cannot be used, and why; never its value."""
    wrong = error.errors(include_input=False, include_context=False, include_url=False)[0]
    name = str(wrong["loc"][-1])
    return f"The setting {variable_of(name)} cannot be used: {wrong['msg'].removeprefix('Value error, ')}."


def variable_of(field_name: str) -> str:
    """The environment variable of a setting."""
    field = Settings.model_fields.get(field_name)
    return f"P2M_{field_name}".upper() if field and not field.validation_alias else field_name.upper()


def is_secret_variable(variable: str) -> bool:
    """Whether an environment variable is a setting that holds a secret, or may hold one: an address, a key, a token."""
    if variable.upper().startswith(("ANTHROPIC_", "AWS_", "PG")) or variable.upper() in ("DATABASE_URL", "P2M_TOKEN"):
        return True
    names = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    return variable.upper() in {variable_of(name) for name in names}


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Everything among the settings that nobody may read."""
    found = [value for _, value in _secret_fields(settings)]
    if settings.secret_keys:
        found += [key.strip() for key in settings.secret_keys.get_secret_value().split(",")]
    address = _address_of(settings)
    if address is not None:
        # Also as it stands in the address, where some characters are written in another way.
        given = [*_passwords_in(address), address.password or ""]
        # What everybody would guess is no secret, and often a word that stands in every other line.
        found += [password for password in given if password and not _is_placeholder(password)]
    return tuple(found)


def check_secrets(settings: Settings) -> None:
    """Raises: InvalidInput: a secret is a placeholder, or so short that it is guessed."""
    for name, value in _secret_fields(settings):
        least = _LEAST_KEY_CHARS if name == "anthropic_api_key" else _LEAST_CHARS
        # Other model servers take any key, or none: what they are given is theirs to judge.
        if name == "anthropic_api_key" and settings.anthropic_base_url:
            continue
        if name == "secret_keys":
            _check_secret_keys(value)
        elif len(value) < least or _is_placeholder(value):
            raise InvalidInput(
                f"{variable_of(name)} is a placeholder, or too short to be a secret: set the real one, or unset it."
            )
    address = _address_of(settings)
    if address is not None and not _is_local(address):
        for password in _passwords_in(address):
            if _is_weak(password, address.username or ""):
                raise InvalidInput(
                    "The password in DATABASE_URL is a placeholder, or one that is guessed first, and the database is "
                    "on another machine: give the database's user a random one (`openssl rand -hex 24`)."
                )


def _check_secret_keys(value: str) -> None:
    # Imported late: cryptography, for the few who set it.
    from cloud.accounts.secrets import Safe

    Safe.of_setting(value)


def _secret_fields(settings: Settings) -> list[tuple[str, str]]:
    """Every setting that is declared secret and given, with its value."""
    values = ((name, getattr(settings, name)) for name in Settings.model_fields)
    return [(name, value.get_secret_value()) for name, value in values if isinstance(value, SecretStr)]


def _address_of(settings: Settings) -> SplitResult | None:
    try:
        return urlsplit(settings.database_url) if settings.database_url else None
    except ValueError:
        return None  # whoever connects says what is wrong with it


def _passwords_in(address: SplitResult) -> list[str]:
    found = [unquote(address.password)] if address.password else []
    return found + parse_qs(address.query).get("password", [])


def _is_local(address: SplitResult) -> bool:
    hosts = parse_qs(address.query).get("host", []) or [address.hostname or ""]
    return all(host.startswith("/") or host in _LOOPBACK for host in ",".join(hosts).split(","))


def _is_weak(password: str, user: str) -> bool:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # a megabyte, for those whose database is elsewhere

    folded = password.casefold()
    if len(password) < _LEAST_CHARS or folded == user.casefold() or _is_placeholder(password):
        return True
    return folded in FREQUENCY_LISTS["passwords"]


def _is_placeholder(value: str) -> bool:
    """Whether nearly nothing is left without the words that stand where a secret should."""
    rest = value.casefold()
    if len(set(rest)) < _LEAST_DIFFERENT or (rest.startswith("<") and rest.endswith(">")):
        return True
    for word in _PLACEHOLDER_WORDS:
        rest = rest.replace(word, "")
    return sum(character.isalnum() for character in rest) < _LEFT_CHARS
