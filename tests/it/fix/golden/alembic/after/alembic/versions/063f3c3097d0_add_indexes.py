"""add indexes

Revision ID: 063f3c3097d0
Revises: 3f2a9c10de47

"""

from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = '063f3c3097d0'
down_revision: Union[str, None] = '3f2a9c10de47'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index('ix_customers_email', 'customers', ['email'], postgresql_concurrently=True)
        op.create_index('ix_lines_order_id', 'lines', ['order_id'], postgresql_concurrently=True)
        op.create_index('ix_orders_created', 'orders', [sa.text('created DESC')], postgresql_concurrently=True)
        op.create_index('ix_orders_customer_id', 'orders', ['customer_id'], postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index('ix_orders_customer_id', table_name='orders', postgresql_concurrently=True)
        op.drop_index('ix_orders_created', table_name='orders', postgresql_concurrently=True)
        op.drop_index('ix_lines_order_id', table_name='lines', postgresql_concurrently=True)
        op.drop_index('ix_customers_email', table_name='customers', postgresql_concurrently=True)
