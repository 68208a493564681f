"""The way to the database: one address in, an async engine and its sessions out."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from cloud.errors import InvalidInput

_DRIVER = "postgresql+psycopg"
# A process that is frozen in the middle of a transaction must not keep its locks for ever.
_OPTIONS = "-c idle_in_transaction_session_timeout=15s"

Transaction = AsyncSession
"""The type of what `Database.sessions` opens, for those who only pass it on to queries."""

DATABASE_ERRORS: tuple[type[Exception], ...] = (DBAPIError, PoolTimeoutError)
"""What the database's driver and the pool raise."""


def is_unreachable(error: Exception) -> bool:
    """Whether one of `DATABASE_ERRORS` means that the database does not answer now, rather than a fault of ours."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, OperationalError | InterfaceError | PoolTimeoutError)


def sqlalchemy_url(url: str) -> str:
    """`url` (`postgres://`, `postgresql://` or with a driver) for SQLAlchemy with psycopg 3.

    Raises: InvalidInput: it is no address of a PostgreSQL.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgres", "postgresql"):
        raise InvalidInput("DATABASE_URL must start with postgresql:// (only PostgreSQL can be used).")
    return f"{_DRIVER}://{rest}"


def libpq_url(url: str) -> str:
    """`url` for psycopg itself and for libpq's programs."""
    return sqlalchemy_url(url).replace(_DRIVER, "postgresql", 1)


@dataclass(frozen=True)
class Database:
    """An engine with its session factory. Belongs to the event loop that uses it first.

    `async with database.sessions() as session, session.begin(): …` is one transaction. Objects stay
    readable after the commit.
    """

    url: str
    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 10) -> Self:
        """Opens no connection yet; at most twice `pool_size` will be open at once."""
        address = make_url(sqlalchemy_url(url))
        options = {} if "options" in address.query else {"options": _OPTIONS}
        engine = create_async_engine(
            address,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=15,
            pool_pre_ping=True,
            hide_parameters=True,  # of statements that fail: errors are logged, and parameters may be anything
            connect_args={"connect_timeout": 10, **options},
        )
        return cls(url=url, engine=engine, sessions=async_sessionmaker(engine, expire_on_commit=False))

    async def schema_version(self) -> str:
        """The revision that the database has. Raises: one of `DATABASE_ERRORS`: no answer, or no schema."""
        async with self.engine.connect() as connection:
            return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()

    async def aclose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
