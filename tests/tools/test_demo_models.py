"""What may be done to the bookshop's tables."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from tools.demo.models import Book, Genre, Order, OutOfStockError
from tools.demo.shelves import fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def book() -> Book:
    """A book with three copies."""
    return Book.objects.create(
        code="candle",
        title="The Chemical History of a Candle",
        author="Michael Faraday",
        genre=Genre.SCIENCE,
        published=1861,
        price=Decimal("6.80"),
        stock=3,
    )


def test_selling_takes_copies_from_the_shelf(book: Book) -> None:
    order = book.sell(2, customer=None)
    book.refresh_from_db()
    assert book.stock == 1
    assert order.total == Decimal("13.60")


def test_more_than_is_there_cannot_be_sold(book: Book) -> None:
    with pytest.raises(OutOfStockError, match="fewer than 4 copies"):
        book.sell(4, customer=None)
    assert not Order.objects.exists()


def test_cancelling_puts_the_copies_back_once(book: Book) -> None:
    order = book.sell(2, customer=None)
    assert order.cancel("ordered twice", restock=True)
    assert not order.cancel("ordered twice", restock=True)
    book.refresh_from_db()
    assert book.stock == 3


def test_an_order_can_be_cancelled_without_restocking(book: Book) -> None:
    book.sell(2, customer=None).cancel("takes too long", restock=False)
    book.refresh_from_db()
    assert book.stock == 1


def test_every_word_has_to_match(book: Book) -> None:
    assert list(Book.objects.matching("faraday candle")) == [book]
    assert not Book.objects.matching("faraday voyage")


def test_a_genre_that_has_no_shelf_is_refused_by_the_database(book: Book) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Book.objects.update(genre="poetry")


def test_only_empty_shelves_are_filled() -> None:
    assert fill() == 10
    assert fill() == 0
