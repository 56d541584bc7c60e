"""A contender: the same read as the service's, as it is written with Flask and SQLAlchemy."""

import os

from flask import Flask, abort, jsonify
from sqlalchemy import DateTime, Text, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

url = os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg2://", 1)
# SQLAlchemy's defaults, which steadfast's figures come from: a size of 5 and an overflow of 10.
engine = create_engine(url, pool_size=5, max_overflow=10, pool_pre_ping=True, pool_recycle=240)
app = Flask(__name__)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    created_at: Mapped[object] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[object] = mapped_column(DateTime(timezone=True))


@app.get("/api/v1/users/<int:user_id>")
def read(user_id: int):
    with Session(engine) as session:
        user = session.get(User, user_id)
        if user is None:
            abort(404)
        return jsonify(
            id=user.id,
            username=user.username,
            email=user.email,
            created_at=user.created_at.isoformat(),
            updated_at=user.updated_at.isoformat(),
        )
