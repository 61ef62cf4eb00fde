"""What REST is compared to: a plain Flask app with an ORM and jsonify, as a tutorial would write it; it checks nothing."""

import os
from decimal import Decimal
from typing import Any

from flask import Flask, jsonify, request
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

from cogniflow.db.session import sqlalchemy_url

PREPARE = """
DROP SCHEMA IF EXISTS plain CASCADE;
CREATE SCHEMA plain;
CREATE TABLE plain.products (LIKE public.products INCLUDING ALL EXCLUDING COMMENTS);
INSERT INTO plain.products OVERRIDING SYSTEM VALUE SELECT p.* FROM public.products p;
CREATE TABLE plain.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint NOT NULL,
  warehouse_id bigint NOT NULL, note text);
CREATE TABLE plain.order_items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  order_id bigint NOT NULL REFERENCES plain.orders, product_id bigint NOT NULL, quantity numeric NOT NULL,
  unit_price numeric NOT NULL);
CREATE INDEX ON plain.order_items (order_id);
ANALYZE plain.products;
"""


class Base(DeclarativeBase):
    """What the app's tables share."""

    __table_args__ = {"schema": "plain"}


class Order(Base):
    """An order with its lines."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    warehouse_id: Mapped[int]
    note: Mapped[str | None]
    items: Mapped[list["OrderItem"]] = relationship(back_populates="order")


class OrderItem(Base):
    """A line of an order."""

    __tablename__ = "order_items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("plain.orders.id"))
    product_id: Mapped[int]
    quantity: Mapped[Decimal]
    unit_price: Mapped[Decimal]
    order: Mapped[Order] = relationship(back_populates="items")


def told(row: Any) -> dict[str, Any]:
    """The row's columns."""
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def create() -> Flask:
    """The app, on the database of DATABASE_URL, with the products' columns as they are there."""
    app, engine = Flask(__name__), create_engine(sqlalchemy_url(os.environ["DATABASE_URL"]), pool_size=32)
    with engine.connect() as connection:
        Base.metadata.reflect(connection, schema="plain", only=["products"])
    product = type("Product", (Base,), {"__table__": Base.metadata.tables["plain.products"]})

    @app.get("/products")
    def products():
        with Session(engine) as session:
            return jsonify(data=[told(each) for each in session.scalars(select(product).order_by(product.name).limit(50))])

    @app.route("/products/<int:key>", methods=["GET", "PATCH"])
    def one(key: int):
        with Session(engine) as session:
            row = session.get_one(product, key)
            for name, value in (request.json if request.method == "PATCH" else {}).items():
                setattr(row, name, value)
            session.commit()
            return jsonify(told(row))

    @app.post("/orders")
    def order():
        given = request.json
        with Session(engine) as session:
            made = Order(**{**given, "items": [OrderItem(**each) for each in given["items"]]})
            session.add(made)
            session.commit()
            made = session.scalars(select(Order).options(selectinload(Order.items)).where(Order.id == made.id)).one()
            return jsonify(told(made) | {"items": [told(each) for each in made.items]}), 201
    return app
