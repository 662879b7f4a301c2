from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.models import Customer, Order

app = FastAPI()
engine = create_engine("postgresql+psycopg://localhost/shop")


def session():
    with Session(engine) as session:
        yield session


@app.get("/customers")
def by_email(email: str, db: Session = Depends(session)):
    return db.scalars(select(Customer).where(Customer.email == email).limit(10)).all()


@app.get("/orders")
def recent(db: Session = Depends(session)):
    return db.scalars(select(Order).order_by(Order.created.desc()).limit(20)).all()
