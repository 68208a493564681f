"""Admins, suspension and quotas; devices, tokens, one-time links, OpenID, shares; limits of sign-in; the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

NOW = sa.text("now()")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _extend_users_and_sessions()
    _create_api_tokens()
    _create_device_grants()
    _create_one_time_links()
    _create_sign_in_failures()
    _create_oidc()
    _create_shares()
    _create_account_deletions()
    _create_tallies()
    _create_audit_log()


def _text(name: str, filling: str = "") -> sa.Column:
    return sa.Column(name, sa.String(), server_default=filling, nullable=False)


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), primary_key=True)


def _user(*, nullable: bool = False) -> sa.Column:
    owner = sa.ForeignKey("users.id", ondelete="CASCADE")
    return sa.Column("user_id", sa.Uuid(), owner, nullable=nullable, index=True)


def _hash(name: str = "token_hash") -> sa.Column:
    return sa.Column(name, sa.LargeBinary(), nullable=False, unique=True)


def _time(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, TIME, nullable=nullable)


def _now(name: str = "created_at") -> sa.Column:
    return sa.Column(name, TIME, server_default=NOW, nullable=False)


def _extend_users_and_sessions() -> None:
    op.alter_column("users", "password_hash", nullable=True)
    for column in (
        sa.Column("is_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _time("suspended_at"),
        _text("suspended_for"),
        _time("deletion_requested_at"),
        sa.Column("month_token_limit", sa.BigInteger(), nullable=True),
        sa.Column("day_job_limit", sa.Integer(), nullable=True),
        sa.Column("storage_mib_limit", sa.Integer(), nullable=True),
    ):
        op.add_column("users", column)
    for column in (_text("client", "api"), _text("device"), _text("address"), _time("ends_at")):
        op.add_column("sessions", column)


def _create_api_tokens() -> None:
    op.create_table(
        "api_tokens",
        _id(),
        _user(),
        sa.Column("name", sa.String(), nullable=False),
        _hash(),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(), nullable=False),
        _now(),
        _time("last_used_at"),
        _time("expires_at"),
        _time("revoked_at"),
    )


def _create_device_grants() -> None:
    op.create_table(
        "device_grants",
        _id(),
        _hash("device_code_hash"),
        sa.Column("user_code", sa.String(), nullable=False, unique=True),
        sa.Column("client", sa.String(), nullable=False),
        _text("device"),
        _text("address"),
        _text("state", "pending"),
        _user(nullable=True),
        sa.Column("interval_s", sa.Integer(), server_default=sa.text("5"), nullable=False),
        _time("last_polled_at"),
        _now(),
        _time("expires_at", nullable=False),
    )


def _create_one_time_links() -> None:
    maker = sa.ForeignKey("users.id", ondelete="SET NULL")
    op.create_table(
        "one_time_links",
        _id(),
        sa.Column("purpose", sa.String(), nullable=False),
        _hash(),
        _user(nullable=True),
        sa.Column("made_by", sa.Uuid(), maker, nullable=True, index=True),
        _text("note"),
        _now(),
        _time("expires_at", nullable=False),
        _time("used_at"),
    )


def _create_sign_in_failures() -> None:
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _now("first_at"),
        sa.Column("last_at", TIME, server_default=NOW, nullable=False, index=True),
        _time("blocked_until"),
    )


def _create_oidc() -> None:
    op.create_table(
        "external_identities",
        _id(),
        _user(),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        _now(),
        sa.UniqueConstraint("issuer", "subject", name="uq_external_identities_issuer_subject"),
    )
    op.create_table(
        "oidc_flows",
        sa.Column("state_hash", sa.LargeBinary(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _now(),
        _time("expires_at", nullable=False),
    )


def _create_shares() -> None:
    def part_of(table: str) -> sa.Column:
        whole = sa.ForeignKey(f"{table}s.id", ondelete="CASCADE")
        return sa.Column(f"{table}_id", sa.Uuid(), whole, nullable=False, index=True)

    op.create_table(
        "shares",
        _id(),
        _user(),
        part_of("project"),
        part_of("snapshot"),
        sa.Column("job_id", sa.Uuid(), sa.ForeignKey("jobs.id", ondelete="SET NULL"), nullable=True, index=True),
        _hash(),
        sa.Column("hint", sa.String(), nullable=False),
        _text("title"),
        sa.Column("allow_download", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("views", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _now(),
        _time("expires_at"),
        _time("revoked_at"),
    )


def _create_account_deletions() -> None:
    op.create_table(
        "account_deletions",
        _id(),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        _text("state", "stopping"),
        sa.Column("report", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("requested_at", TIME, nullable=False),
        _time("swept_at"),
        sa.Column("finished_at", TIME, nullable=True, index=True),
    )


def _create_tallies() -> None:
    owner = sa.ForeignKey("users.id", ondelete="CASCADE")
    op.create_table(
        "job_tallies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("user_id", sa.Uuid(), owner, nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False, index=True),
    )
    op.create_index("ix_job_tallies_of_user", "job_tallies", ["user_id", "at"])
    op.create_index(
        "ix_usage_of_system_by_time", "usage", ["created_at"], postgresql_where=sa.text("billed_to = 'system'")
    )


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("at", TIME, server_default=NOW, nullable=False, index=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        _text("subject"),
        _text("address"),
        _text("device"),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    op.create_index("ix_audit_log_of_actor", "audit_log", ["actor_id", "id"])
    op.create_index("ix_audit_log_of_subject", "audit_log", ["subject", "id"])
    # What is personal in an entry may be blanked, for that is the law where people live; nothing else ever changes.
    op.execute("""
        CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND NEW.address IN ('', OLD.address) AND NEW.device IN ('', OLD.device)
               AND NEW.details IN ('{}'::jsonb, OLD.details) AND (NEW.id, NEW.at, NEW.actor_id, NEW.action, NEW.subject)
                   IS NOT DISTINCT FROM (OLD.id, OLD.at, OLD.actor_id, OLD.action, OLD.subject) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'insufficient_privilege';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()
    """)
    op.execute("""
        CREATE TRIGGER audit_log_is_not_emptied BEFORE TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only()
    """)
