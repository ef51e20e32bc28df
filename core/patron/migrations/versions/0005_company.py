"""What the firm says of itself; its brand on touches, consents and sign-ins"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ADDED = {
    "core_legal_entity": ("legal_name", "registration", "iban", "bic"),
    "core_brand": ("sender_name",),
}


def upgrade() -> None:
    for name, columns in ADDED.items():
        with op.batch_alter_table(name) as batch_op:
            for column in columns:
                batch_op.add_column(sa.Column(column, sa.String(), nullable=False, server_default=""))
        with op.batch_alter_table(name) as batch_op:
            for column in columns:
                batch_op.alter_column(column, server_default=None)
    with op.batch_alter_table("core_sign_in") as batch_op:
        batch_op.add_column(
            sa.Column("brand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.create_foreign_key(op.f("fk_core_sign_in_brand_id"), "core_brand", ["brand_id"], ["id"])
    _stamp()


def _stamp() -> None:
    """All that was before now was of the one brand there is."""
    brand = sa.table("core_brand", sa.column("id"))
    only = sa.select(sa.func.min(brand.c.id)).scalar_subquery()
    for name in ("core_interaction", "core_consent"):
        t = sa.table(name, sa.column("brand_id"))
        op.execute(t.update().where(t.c.brand_id.is_(None)).values(brand_id=only))
    s = sa.table("core_sign_in", sa.column("brand_id"), sa.column("account_id"))
    op.execute(s.update().where(s.c.account_id.is_not(None)).values(brand_id=only))


def downgrade() -> None:
    with op.batch_alter_table("core_sign_in") as batch_op:
        batch_op.drop_constraint(op.f("fk_core_sign_in_brand_id"), type_="foreignkey")
        batch_op.drop_column("brand_id")
    for name, columns in ADDED.items():
        with op.batch_alter_table(name) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
