"""Navigation, settings, number series, units, currencies and tax codes, all rows."""

from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import BY_OPERATION, Code, Count, Day, Flag, Fraction, Line, Name, Rate, choice, reference

MENU = "System"


class SystemModule(Entity):
    """A heading of the navigation."""

    __tablename__ = "system_modules"
    __table_args__ = (UniqueConstraint("code"),)
    resource = Resource(
        menu=MENU, icon="layout-sidebar", search=("code", "title"), order_by="position", path="system/modules", key="code"
    )

    code: Mapped[Code] = mapped_column(comment="Short name used by programs.")
    title: Mapped[Name] = mapped_column(comment="Heading shown in the navigation.")
    icon: Mapped[Code] = mapped_column(server_default="tags", comment="Icon shown beside it.")
    route: Mapped[Line | None] = mapped_column(comment="Address it opens by itself, if any.")
    position: Mapped[Count] = mapped_column(server_default="100", comment="Place in the navigation, lowest first.")
    enabled: Mapped[Flag] = mapped_column(server_default="true", comment="Whether the module can be used.")


class SystemSubModule(Entity):
    """An entry of the navigation below its module: the records of an entity, or an address."""

    __tablename__ = "system_sub_modules"
    __table_args__ = (UniqueConstraint("code"),)
    resource = Resource(
        menu=MENU,
        icon="menu-2",
        search=("code", "title"),
        order_by="position",
        event="system_modules_updated",
        path="system/submodules",
        key="code",
    )

    module_id: Mapped[int] = reference("system_modules", comment="Module it stands under.")
    code: Mapped[Code] = mapped_column(comment="Short name used by programs.")
    title: Mapped[Name] = mapped_column(comment="Text shown in the navigation.")
    icon: Mapped[Code] = mapped_column(server_default="tags", comment="Icon shown beside it.")
    entity: Mapped[Code | None] = mapped_column(comment="Table whose records it opens.")
    route: Mapped[Line | None] = mapped_column(comment="Address it opens, where it is not an entity's list.")
    position: Mapped[Count] = mapped_column(server_default="100", comment="Place below its module, lowest first.")
    enabled: Mapped[Flag] = mapped_column(server_default="true", comment="Whether it can be used.")


class SystemSetting(Entity):
    """A setting of the company, effective at once in every process."""

    __tablename__ = "system_settings"
    __table_args__ = (UniqueConstraint("key"),)
    resource = Resource(
        menu=MENU, icon="settings", search=("key",), order_by="key", path="system/settings", key="key", history=True
    )

    key: Mapped[Code] = mapped_column(comment="Name of the setting, such as company.timezone.", info={**BY_OPERATION})
    value: Mapped[Any] = mapped_column(JSONB, comment="Its value: a text, a number, true or false.")
    description: Mapped[Line | None] = mapped_column(comment="What it decides.")


class NumberSeries(Entity):
    """How the documents of one kind are numbered; numbers have no gaps and are never used twice."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("entity"), CheckConstraint("width BETWEEN 1 AND 12", name="width_sensible"))
    resource = Resource(menu=MENU, icon="hash", search=("entity", "prefix"), order_by="entity", history=True)

    entity: Mapped[Code] = mapped_column(comment="What it numbers: the table of the documents, or their reversals.")
    prefix: Mapped[Code] = mapped_column(comment="Letters before the number, such as SO-.")
    period: Mapped[str] = choice("year", "month", "never", default="year", comment="When counting starts again at 1.")
    width: Mapped[Count] = mapped_column(server_default="5", comment="Digits, filled with zeros.")


class UnitOfMeasure(Master, Entity):
    """A unit in which goods are counted or weighed."""

    __tablename__ = "units_of_measure"
    __table_args__ = (
        unique_living("units_of_measure", "code"),
        CheckConstraint("factor_numerator > 0 AND factor_denominator > 0", name="factor_positive"),
    )
    resource = Resource(menu=MENU, icon="scale", search=("code", "name"), order_by="code")

    code: Mapped[Code] = mapped_column(comment="Short name on documents.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    kind: Mapped[str] = choice("count", "mass", "volume", "length", "time", default="count", comment="What it measures.")
    factor_numerator: Mapped[Count] = mapped_column(server_default="1", comment="Size in base units of its kind: numerator.")
    factor_denominator: Mapped[Count] = mapped_column(server_default="1", comment="Size in base units: denominator.")
    whole_only: Mapped[Flag] = mapped_column(server_default="true", comment="Whether only whole quantities make sense.")


class Currency(Master, Entity):
    """A currency that prices can be in."""

    __tablename__ = "currencies"
    __table_args__ = (unique_living("currencies", "code"), CheckConstraint("decimals BETWEEN 0 AND 4", name="decimals_sensible"))
    resource = Resource(menu=MENU, icon="currency-euro", search=("code", "name"), order_by="code", key="code")

    code: Mapped[Code] = mapped_column(comment="ISO 4217 code.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    symbol: Mapped[Code | None] = mapped_column(comment="Sign shown beside amounts.")
    decimals: Mapped[Count] = mapped_column(server_default="2", comment="Digits after the point.")


class ExchangeRate(Entity):
    """What one unit of a currency was worth in the base currency from a day on."""

    __tablename__ = "exchange_rates"
    __table_args__ = (UniqueConstraint("currency_id", "valid_from"), CheckConstraint("rate > 0", name="rate_positive"))
    resource = Resource(menu=MENU, icon="refresh", order_by="-valid_from")

    currency_id: Mapped[int] = reference("currencies", comment="Currency it values.")
    valid_from: Mapped[Day] = mapped_column(comment="First day it holds.")
    rate: Mapped[Rate] = mapped_column(comment="Units of base currency for one unit.")


class TaxCode(Master, Entity):
    """A rate of tax."""

    __tablename__ = "tax_codes"
    __table_args__ = (unique_living("tax_codes", "code"), CheckConstraint("rate BETWEEN 0 AND 1", name="rate_is_a_fraction"))
    resource = Resource(menu=MENU, icon="receipt", search=("code", "name"), order_by="code")

    code: Mapped[Code] = mapped_column(comment="Short name on documents.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    rate: Mapped[Fraction] = mapped_column(comment="Tax as a fraction of the net amount: 0.19 is 19 %.")
