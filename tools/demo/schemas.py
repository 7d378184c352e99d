"""What the bookshop's tools answer with and ask for."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from tools.demo.models import Book, Order


class BookLine(BaseModel):
    """A book as it stands in a list."""

    code: str = Field(description="Names the book in every other tool.")
    title: str
    author: str
    genre: str
    price: Decimal
    stock: int = Field(description="Copies on the shelf.")

    @classmethod
    def of(cls, book: Book) -> Self:
        """The line of a row."""
        return cls(
            code=book.code,
            title=book.title,
            author=book.author,
            genre=book.genre,
            price=book.price,
            stock=book.stock,
        )


class Receipt(BaseModel):
    """An order that was taken."""

    order: int = Field(description="The number of the order.")
    book: str = Field(description="The code of the book.")
    quantity: int
    total: Decimal
    placed_at: datetime

    @classmethod
    def of(cls, order: Order) -> Self:
        """The receipt of a row, whose book is loaded."""
        return cls(
            order=order.pk,
            book=order.book.code,
            quantity=order.quantity,
            total=order.total,
            placed_at=order.placed_at,
        )


class ShelfReport(BaseModel):
    """What is on the shelves, by genre."""

    copies: dict[str, int]
    value: Decimal = Field(description="What all copies cost together.")
    sold_out: list[str] = Field(description="Codes of the books that are gone.")


class GroupLine(BaseModel):
    """Copies of one book."""

    code: str = Field(description="The book's code, as search_books gives it.")
    copies: int = Field(default=1, ge=1, le=20)


class Pickup(BaseModel):
    """The group comes to the shop."""

    model_config = ConfigDict(title="Pick up in the shop")

    way: Literal["pickup"]
    day: date = Field(description="When somebody comes.")


class Parcel(BaseModel):
    """The books are sent."""

    model_config = ConfigDict(title="Send a parcel")

    way: Literal["parcel"]
    name: str = Field(max_length=80)
    street: str = Field(max_length=80)
    city: str = Field(max_length=80)
    country: Literal["CH", "DE", "FR", "IT"] = "CH"
    is_express: bool = Field(default=False, title="Express")


class GroupReceipt(BaseModel):
    """Everything that a group ordered."""

    orders: list[Receipt]
    total: Decimal
    delivery: str


class GroupForm(BaseModel):
    """What a group is asked before its books are packed."""

    wrapping: Literal["none", "paper", "linen"] = Field(default="none", title="Gift wrapping")
    greeting: str = Field(default="", title="Greeting", description="Goes on a card.")


class CancelForm(BaseModel):
    """What a customer is asked before an order is cancelled."""

    reason: Literal["changed my mind", "ordered twice", "takes too long"] = Field(
        title="Reason", description="Why the order is cancelled."
    )
    restock: bool = Field(default=True, title="Put the copies back on the shelf")
