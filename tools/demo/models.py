"""The bookshop's tables, and what may be done to them."""

from __future__ import annotations

from typing import Any, Self

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone


class OutOfStockError(Exception):
    """Fewer copies are left than were asked for."""


class Genre(models.TextChoices):
    """The shop's shelves."""

    CRIME = "crime", "Crime"
    FANTASY = "fantasy", "Fantasy"
    HISTORY = "history", "History"
    SCIENCE = "science", "Science"
    TRAVEL = "travel", "Travel"


class BookQuerySet(models.QuerySet["Book"]):
    """Books, by what a customer asks for."""

    def matching(self, words: str) -> Self:
        """Books that have every word in their title or among their authors."""
        found = self
        for word in words.split():
            found = found.filter(models.Q(title__icontains=word) | models.Q(author__icontains=word))
        return found


class Book(models.Model):
    """A title the shop sells."""

    code = models.SlugField(max_length=40, unique=True, help_text="Names the book in its URI.")
    title = models.CharField(max_length=200)
    author = models.CharField(max_length=200)
    genre = models.CharField(max_length=20, choices=Genre.choices)
    published = models.PositiveSmallIntegerField(help_text="Year of publication.")
    price = models.DecimalField(max_digits=7, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
    summary = models.TextField(blank=True)

    objects = BookQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gte=0), name="demo_book_price"),
            models.CheckConstraint(
                condition=models.Q(genre__in=Genre.values), name="demo_book_genre"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.author}"

    def sell(self, quantity: int, *, customer: Any) -> Order:
        """
        Take copies from the shelf and write the order down.

        Wants a transaction around it. Raises OutOfStockError when the shelf
        holds too few.
        """
        shelf = Book.objects.filter(pk=self.pk, stock__gte=quantity)
        if not shelf.update(stock=F("stock") - quantity):
            raise OutOfStockError(f"fewer than {quantity} copies of {self.title!r} are left")
        return Order.objects.create(
            book=self, quantity=quantity, total=self.price * quantity, customer=customer
        )


class Order(models.Model):
    """Copies somebody bought."""

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="orders")
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
        help_text="Empty for somebody who had no token.",
    )
    quantity = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=9, decimal_places=2)
    placed_at = models.DateTimeField(default=timezone.now)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="demo_order_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.book.title}"

    async def acancel(self, reason: str, *, restock: bool) -> bool:
        """Cancel the order once; False when it was cancelled before."""
        return await sync_to_async(self.cancel)(reason, restock=restock)  # needs a transaction

    def cancel(self, reason: str, *, restock: bool) -> bool:
        """See acancel()."""
        with transaction.atomic():
            still_open = Order.objects.filter(pk=self.pk, cancelled_at=None)
            if not still_open.update(cancelled_at=timezone.now(), cancel_reason=reason):
                return False
            if restock:
                Book.objects.filter(pk=self.book_id).update(stock=F("stock") + self.quantity)
            return True
