"""The bookshop in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from tools.demo.models import Book, Order

if TYPE_CHECKING:  # generic in the type stubs only
    BookModelAdmin = admin.ModelAdmin[Book]
    OrderModelAdmin = admin.ModelAdmin[Order]
else:
    BookModelAdmin = OrderModelAdmin = admin.ModelAdmin


@admin.register(Book)
class BookAdmin(BookModelAdmin):
    """What is on the shelves."""

    list_display = ["title", "author", "genre", "published", "price", "stock"]
    list_filter = ["genre"]
    search_fields = ["title", "author"]
    prepopulated_fields = {"code": ["title"]}


@admin.register(Order)
class OrderAdmin(OrderModelAdmin):
    """What was sold."""

    list_display = ["placed_at", "book", "quantity", "total", "customer", "cancelled_at"]
    list_filter = ["placed_at", "cancelled_at"]
    autocomplete_fields = ["book"]
