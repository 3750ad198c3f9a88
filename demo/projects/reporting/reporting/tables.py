"""The tables of the reports as they are at the head of the migrations."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, MetaData, Numeric, String, Table, Text

metadata = MetaData()

daily_sales = Table(
    "daily_sales",
    metadata,
    Column("day", Date, primary_key=True),
    Column("store", String(60), primary_key=True),
    Column("orders", Integer, server_default="0", nullable=False),
    Column("revenue", Numeric(12, 2), server_default="0", nullable=False),
    Column("returns", Integer, server_default="0", nullable=False),
    Index("ix_daily_sales_store_day", "store", "day"),
)
saved_reports = Table(
    "saved_reports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("query", Text, nullable=False),
    Column("owner", String(200), server_default="", nullable=False),
)
schedules = Table(
    "schedules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report_id", ForeignKey("saved_reports.id"), nullable=False),
    Column("cron", String(100), nullable=False),
    Column("recipients", Text, nullable=False),
)
