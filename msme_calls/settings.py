"""The settings: one frozen object, made once, and the only reader of the environment."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HERE = Path(__file__).resolve().parent.parent
DEVELOPMENT_SECRET = "development only, never in production"  # production refuses to start with it


_RANGES = (("port", 1, 65535), ("mail_port", 1, 65535), ("threads", 1, 200), ("trusted_proxies", 0, 9),
           ("mail_timeout", 1, 600), ("max_upload_mb", 1, 1000), ("database_connections", 0, 500),
           ("quota_mb", 1, 1_000_000), ("database_timeout", 0, 3600))  # fmt: skip
_CLAMD = re.compile(r"unix:/[^\0]+|tcp:(\[[0-9a-fA-F:.]+\]|[^:\s]+):[0-9]{1,5}")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


class SettingsError(Exception):
    """A setting is missing or unfit; the message names the variable and the way out."""


def _setting(default: Any, why: str, secret: bool = False) -> Any:
    return field(default=default, metadata={"why": why, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """Every setting, read from `MSME_<NAME>`; a default is right in production and harmless in public."""

    env: str = _setting("development", "`development` or `production`; production demands real secrets")
    secret_key: str = _setting(DEVELOPMENT_SECRET, "signs sessions and form tokens; at least 32 characters", True)
    secret_key_old: str = _setting("", "the former secret key, while sessions and factors of its time go over", True)
    receipt_key: str = _setting("", "signs receipts: 32 random bytes in base64; empty: a file in the data folder", True)
    results_key: str = _setting(
        "", "signs results, for the worker and commands alone; empty: a file in the data folder", True
    )
    staff_second_factor: str = _setting(
        "", "`required` or `offered` for people at a desk; empty: required in production, where it has to be"
    )
    database_url: str = _setting("", "SQLAlchemy address; empty: SQLite in the data folder", True)
    database_connections: int = _setting(0, "most connections of a process to PostgreSQL; 0: its threads and two more")
    database_timeout: int = _setting(20, "seconds after which PostgreSQL gives a statement up; 0: never")
    data: Path = _setting(HERE / "var", "folder for the SQLite database, uploaded files and the mailbox")
    redis_url: str = _setting(
        "", "Redis for wake-ups between machines, `redis://host:6379/0`; empty: a file in the data folder", True
    )
    storage_url: str = _setting(
        "", "S3-compatible storage of files, `s3://bucket/prefix?endpoint=…&region=…`; empty: the data folder"
    )
    storage_key: str = _setting("", "its access key; empty: the `AWS_…` variables, or the role of the machine")
    storage_secret: str = _setting("", "its secret key", True)
    public_url: str = _setting("", "address that people use, for links in mails; empty: http://HOST:PORT")
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8000, "port to listen on")
    threads: int = _setting(8, "threads of the embedded web server")
    trusted_proxies: int = _setting(0, "how many proxies in front set X-Forwarded-For, -Proto and -Host")
    now: str = _setting("", "an instant (ISO 8601, with zone) from which the product's clock runs on; development only")
    mail_server: str = _setting("", "SMTP server; empty: the mailbox page takes mails (in production they wait)")
    mail_port: int = _setting(587, "SMTP port")
    mail_tls: bool = _setting(True, "use STARTTLS")
    mail_username: str = _setting("", "SMTP user name")
    mail_password: str = _setting("", "SMTP password", True)
    mail_sender: str = _setting("calls@example.org", "address that mails come from")
    mail_timeout: int = _setting(20, "seconds that a mail server may take")
    oidc_issuer: str = _setting(
        "", "an organisation's OpenID Connect provider, by which people may sign in; empty: none"
    )
    oidc_client_id: str = _setting("", "who this site is to the provider")
    oidc_client_secret: str = _setting("", "what proves it to the provider", True)
    oidc_name: str = _setting("", "the organisation's name on the button")
    oidc_domains: str = _setting("", "domains of the addresses that the provider is trusted for, with commas between")
    contact: str = _setting("calls@example.org", "address shown on the contact page")
    max_upload_mb: int = _setting(32, "largest body of one request, in megabytes")
    quota_mb: int = _setting(500, "most megabytes of files that one person may keep here at a time")
    clamd: str = _setting(
        "", "virus scanner clamd: `unix:/path/of/socket` or `tcp:host:port`; empty: files are given without a scan"
    )
    metrics_token: str = _setting("", "who sends it as a bearer token is shown /metrics; empty: nobody is", True)
    log_level: str = _setting("INFO", "least severe level that is logged")

    def __post_init__(self) -> None:
        if self.env not in ("development", "production", "test"):
            raise SettingsError("MSME_ENV must be development or production.")
        if self.now:
            _instant(self.now)
        self._refuse_senseless()
        self._refuse_half_a_provider()
        if self.env == "production":
            self._refuse_unsafe()

    def _refuse_senseless(self) -> None:
        for name, least, most in _RANGES:
            if not least <= getattr(self, name) <= most:
                raise SettingsError(f"MSME_{name.upper()} must be from {least} to {most}, not {getattr(self, name)}.")
        if self.staff_second_factor not in ("", "required", "offered"):
            raise SettingsError("MSME_STAFF_SECOND_FACTOR must be required or offered.")
        self._refuse_services()
        if self.public_url and not self.public_url.startswith(("http://", "https://")):
            raise SettingsError("MSME_PUBLIC_URL must be a whole address, like https://calls.example.org.")
        if self.env == "development" and self.public_url.startswith("https://"):
            raise SettingsError(
                "MSME_ENV must be production for a site with an https address: development shows its mails."
            )
        if self.clamd and not _CLAMD.fullmatch(self.clamd):
            raise SettingsError("MSME_CLAMD must be unix:/path/of/socket or tcp:host:port.")
        if self.log_level.upper() not in _LEVELS:
            raise SettingsError(f"MSME_LOG_LEVEL must be one of {', '.join(_LEVELS)}.")

    def _refuse_services(self) -> None:
        if 0 < len(self.metrics_token) < 16:
            raise SettingsError("MSME_METRICS_TOKEN must have at least 16 characters.")
        if self.redis_url and not self.redis_url.startswith(("redis://", "rediss://", "unix://")):
            raise SettingsError("MSME_REDIS_URL must be an address like redis://host:6379/0.")
        self._refuse_keys()
        if self.storage_url:
            self._refuse_storage()

    def _refuse_keys(self) -> None:
        for name in ("receipt_key", "results_key"):
            if (given := getattr(self, name)) and not _is_seed(given):
                raise SettingsError(f"MSME_{name.upper()} must be 32 bytes in base64: `openssl rand -base64 32`.")
        if self.receipt_key and self.receipt_key == self.results_key:
            raise SettingsError("MSME_RECEIPT_KEY and MSME_RESULTS_KEY must differ: each key signs one thing alone.")

    def _refuse_storage(self) -> None:
        try:
            storage_parts(self.storage_url)
        except ValueError as error:
            raise SettingsError(f"MSME_STORAGE_URL can’t be used: {error}.") from None
        if bool(self.storage_key) != bool(self.storage_secret):
            raise SettingsError("MSME_STORAGE_KEY and MSME_STORAGE_SECRET belong together: set both, or neither.")

    def _refuse_half_a_provider(self) -> None:
        if not self.oidc_issuer:
            return
        loopback = ("http://127.0.0.1:", "http://localhost:") if not self.production else ()
        if not self.oidc_issuer.startswith(("https://", *loopback)):
            raise SettingsError("MSME_OIDC_ISSUER must be the https address by which the provider calls itself.")
        for name in ("oidc_client_id", "oidc_client_secret", "oidc_name", "oidc_domains"):
            if not getattr(self, name):
                raise SettingsError(f"MSME_{name.upper()} must be set too where MSME_OIDC_ISSUER is.")

    @property
    def trusted_domains(self) -> frozenset[str]:
        """The domains of the addresses that the organisation's provider is trusted for."""
        return frozenset(d.strip().lower().removeprefix("@") for d in self.oidc_domains.split(",") if d.strip())

    def _refuse_unsafe(self) -> None:
        if self.secret_key == DEVELOPMENT_SECRET or len(self.secret_key) < 32:
            raise SettingsError("MSME_SECRET_KEY must be set to a secret of at least 32 characters in production.")
        if self.secret_key_old == DEVELOPMENT_SECRET:
            raise SettingsError("MSME_SECRET_KEY_OLD must not be the secret of development, which everybody knows.")
        if self.staff_second_factor == "offered":
            raise SettingsError("MSME_STAFF_SECOND_FACTOR must be required in production: leave it unset.")
        if self.now:
            raise SettingsError("MSME_NOW moves the clock and is for development only: unset it in production.")
        if not self.public_url.startswith("https://"):
            raise SettingsError("MSME_PUBLIC_URL must be the site's https address in production.")

    @property
    def address(self) -> str:
        """The site's own address, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def database(self) -> str:
        """The database's address for SQLAlchemy."""
        scheme, _, rest = self.database_url.partition("://")
        if scheme in ("postgres", "postgresql"):  # as hosts give it, without the driver's name
            return f"postgresql+psycopg://{rest}"
        return self.database_url or f"sqlite:///{self.data / 'msme-calls.sqlite3'}"

    @property
    def files(self) -> Path:
        """The folder that holds uploaded files by their hash."""
        return self.data / "files"

    @property
    def staff_needs_factor(self) -> bool:
        """Whether nobody works at a desk, or administers, without a second factor."""
        return self.staff_second_factor == "required" or self.production

    @property
    def production(self) -> bool:
        """Whether real people depend on this installation."""
        return self.env == "production"


def storage_parts(url: str) -> tuple[str, str, dict[str, str]]:
    """Bucket, prefix and options of s3://bucket/prefix?endpoint=…&region=…. Raises ValueError with a reason."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or parts.username is not None:
        raise ValueError("it is like s3://bucket/prefix?region=eu-west-1")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(options) - {"endpoint", "region"}):
        raise ValueError(f"after the question mark go endpoint and region, not {unknown[0]}")
    if not options.get("endpoint", "https://x").startswith(("https://", "http://")):
        raise ValueError("its endpoint is a whole address, like https://storage.example.org")
    return parts.netloc, parts.path.strip("/"), {"region": "us-east-1", **options}


def _is_seed(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        return False


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise SettingsError("MSME_NOW must be an instant with its zone, like 2027-06-27T07:59:00Z.")
    return value


def _read(kind: Any, name: str, text: str) -> Any:
    if kind is bool:
        if text.lower() not in _YES + _NO:
            raise SettingsError(f"{name} must be true or false, not {text!r}.")
        return text.lower() in _YES
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise SettingsError(f"{name} must be a whole number, not {text!r}.") from None
    return Path(text).expanduser().absolute() if kind is Path else kind(text)


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read `MSME_…` variables. Raises SettingsError with a sentence that names the variable at fault."""
    environment = os.environ if environment is None else environment
    known = {f"MSME_{f.name.upper()}": f for f in fields(Settings)}
    given = {
        known[name].name: _read(known[name].type, name, text)
        for name, text in environment.items()
        if name in known and text != ""
    }
    return Settings(**given)
