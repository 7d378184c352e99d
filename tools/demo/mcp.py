"""
What the bookshop offers to MCP clients.

Found by itself, because ``tools.demo`` is installed. Each entry shows one
thing; together they are a shop that an assistant can run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Count, F, Sum
from pydantic import Field

from mcp_transport import (
    Context,
    Header,
    Image,
    Message,
    ResourceLink,
    SyncContext,
    Text,
    ToolError,
    prompt,
    resource,
    tool,
)
from tools.demo.drawing import bar_chart, logo
from tools.demo.models import Book, Genre, Order, OutOfStockError
from tools.demo.schemas import (
    BookLine,
    CancelForm,
    GroupForm,
    GroupLine,
    GroupReceipt,
    Parcel,
    Pickup,
    Receipt,
    ShelfReport,
)

PACKING = 0.5  # seconds for one book

BookCode = Annotated[str, Field(description="The book's code, as search_books gives it.")]


def find_book(code: str) -> Book:
    """The book with a code, or an error that the model can act on."""
    try:
        return Book.objects.get(code=code)
    except Book.DoesNotExist:
        raise ToolError(
            f"There is no book with the code {code!r}; search_books lists the codes."
        ) from None


def sell(book: Book, copies: int, user: Any) -> Receipt:
    """Sell copies of a book to a user, if one is known."""
    try:
        with transaction.atomic():
            return Receipt.of(book.sell(copies, customer=user if user.is_authenticated else None))
    except OutOfStockError as error:
        raise ToolError(f"{error}; order fewer, or another book.") from error


# --- tools ------------------------------------------------------------------


@tool(title="Echo", read_only=True, idempotent=True, open_world=False)
async def echo(text: str) -> str:
    """Say the same thing again: the shortest way to see that a connection works."""
    return text


@tool(title="Search books", read_only=True)
def search_books(
    words: str = "",
    genre: Genre | None = None,
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> list[BookLine]:
    """
    Find books by words of their title or author.

    Args:
        words: Every one of these words has to occur; empty finds all books.
        genre: Look on one shelf only.
        limit: How many books are listed at most.
    """
    books = Book.objects.matching(words)
    if genre is not None:
        books = books.filter(genre=genre)
    return [BookLine.of(book) for book in books[:limit]]


@tool(title="Show a book", read_only=True)
def show_book(code: BookCode) -> list[Text | ResourceLink]:
    """Describe one book and link to its record."""
    book = find_book(code)
    text = f"{book.title} ({book.published}) by {book.author}: {book.summary}"
    link = ResourceLink(
        uri=f"shop://books/{book.code}",
        name=book.code,
        title=book.title,
        mime_type="application/json",
    )
    return [Text(text=text), link]


@tool(title="Report on the shelves", read_only=True)
def report_shelves() -> ShelfReport:
    """Count the copies on every shelf and what they are worth."""
    rows = Book.objects.order_by().values("genre").annotate(copies=Sum("stock"))
    worth = Book.objects.aggregate(value=Sum(F("stock") * F("price")))["value"]
    sold_out = Book.objects.filter(stock=0).values_list("code", flat=True)
    return ShelfReport(
        copies={row["genre"]: row["copies"] for row in rows},
        value=worth or Decimal(0),
        sold_out=list(sold_out),
    )


@tool(title="Draw the shelves", read_only=True)
def draw_shelves() -> Image:
    """Draw a bar for the copies on every shelf."""
    rows = Book.objects.order_by("genre").values_list("genre").annotate(copies=Sum("stock"))
    return Image(data=bar_chart([copies for _genre, copies in rows]), mime_type="image/png")


@tool(title="Take stock", read_only=True)
async def take_stock(
    ctx: Context, pause: Annotated[float, Field(ge=0, le=60)] = 0.2
) -> dict[str, int]:
    """
    Walk along the shelves, count each book and tell how far it is.

    Args:
        pause: Seconds spent on each book.
    """
    books = [book async for book in Book.objects.all()]
    for number, book in enumerate(books):
        await ctx.progress(number, len(books), f"counting {book.title}")
        await asyncio.sleep(pause)
    await ctx.log("info", {"counted": len(books)}, logger="demo.stock")
    return {book.code: book.stock for book in books}


@tool(title="Print the catalogue", read_only=True)
def print_catalogue() -> Iterator[str]:
    """Print the whole catalogue, one line for each book, as it is read."""
    for book in Book.objects.iterator(chunk_size=50):
        yield f"{book.code}: {book.title}, {book.author} ({book.published}), {book.price}\n"


@tool(title="Count down", read_only=True, open_world=False)
async def count_down(
    start: Annotated[int, Field(ge=1, le=100)] = 3,
    pause: Annotated[float, Field(ge=0, le=10)] = 0.2,
) -> AsyncIterator[str]:
    """Count down to zero, each number the moment it comes."""
    for number in range(start, -1, -1):
        yield f"{number} "
        await asyncio.sleep(pause)


@tool(title="Order a book", atomic=True)
def order_book(
    ctx: SyncContext, code: BookCode, quantity: Annotated[int, Field(ge=1, le=20)] = 1
) -> Receipt:
    """Take copies from the shelf and write down the order; both happen, or neither."""
    customer = ctx.user if ctx.user.is_authenticated else None
    try:
        return Receipt.of(find_book(code).sell(quantity, customer=customer))
    except OutOfStockError as error:
        raise ToolError(f"{error}; order fewer, or another book.") from error


@tool(title="Order for a reading group", destructive=False)
async def order_for_group(
    ctx: Context,
    lines: Annotated[list[GroupLine], Field(min_length=1, max_length=10)],
    delivery: Annotated[Pickup | Parcel, Field(discriminator="way")],
) -> GroupReceipt:
    """
    Ask how several books are wrapped, then pack and order them one after the other.

    Args:
        lines: Which books, and how many copies of each.
        delivery: How they come to the group.
    """
    found = await Book.objects.ain_bulk([line.code for line in lines], field_name="code")
    unknown = [line.code for line in lines if line.code not in found]
    if unknown:
        raise ToolError(f"There is no book {unknown[0]!r}; search_books lists the codes.")
    books = [(found[line.code], line) for line in lines]
    total = sum((book.price * line.copies for book, line in books), Decimal(0))
    answer = await ctx.elicit(f"{len(lines)} books for {total}: how are they wrapped?", GroupForm)
    if not answer.is_accepted:
        return GroupReceipt(orders=[], total=Decimal(0), delivery="nothing was ordered")
    wrapping = GroupForm.model_validate(answer.content).wrapping
    orders = []
    for number, (book, line) in enumerate(books):
        await ctx.progress(number, len(books), f"packing {book.title}")
        await asyncio.sleep(PACKING)
        orders.append(await sync_to_async(sell)(book, line.copies, ctx.user))  # a transaction
    await ctx.log("info", f"{len(orders)} orders, wrapping: {wrapping}", logger="demo.packing")
    return GroupReceipt(orders=orders, total=total, delivery=delivery.way)


@tool(title="List my orders", read_only=True)
def list_my_orders(ctx: SyncContext) -> list[Receipt]:
    """List the open orders of the user whose token this is, newest first."""
    customer = ctx.user if ctx.user.is_authenticated else None
    orders = Order.objects.filter(customer=customer, cancelled_at=None).select_related("book")
    return [Receipt.of(order) for order in orders[:50]]


@tool(title="Cancel an order", destructive=True)
async def cancel_order(ctx: Context, order: int) -> str:
    """Ask the user for the reason, then cancel one of the user's orders."""
    customer = ctx.user if ctx.user.is_authenticated else None
    row = await Order.objects.filter(pk=order, customer=customer).select_related("book").afirst()
    if row is None:
        raise ToolError(f"You have no order {order}; list_my_orders gives the numbers.")
    answer = await ctx.elicit(f"Cancel {row}?", CancelForm)
    if not answer.is_accepted:
        return f"Order {order} stays as it is."
    form = CancelForm.model_validate(answer.content)
    was_open = await row.acancel(form.reason, restock=form.restock)
    return f"Order {order} is cancelled." if was_open else f"Order {order} was cancelled before."


@tool(title="Set a price", permission="demo.change_book", idempotent=True)
def set_price(code: BookCode, price: Annotated[Decimal, Field(ge=0, decimal_places=2)]) -> BookLine:
    """Change what a book costs; only for staff who may change books."""
    book = find_book(code)
    book.price = price
    book.save(update_fields=["price"])
    return BookLine.of(book)


@tool(title="Write a blurb", requires={"sampling": {}})
async def write_blurb(ctx: Context, code: BookCode) -> str:
    """Have the client's own model write two sentences that sell a book."""
    book = await Book.objects.filter(code=code).afirst()
    if book is None:
        raise ToolError(f"There is no book with the code {code!r}.")
    sample = await ctx.sample(
        f"Write two sentences that sell {book.title} by {book.author}. {book.summary}",
        max_tokens=200,
    )
    return sample.text


@tool(title="Estimate a delivery", read_only=True, open_world=False)
async def estimate_delivery(
    region: Annotated[str, Header("Region"), Field(description="Two letters, such as eu.")],
) -> str:
    """Tell how long a parcel takes; a gateway can route by the region without reading on."""
    days = {"eu": 2, "uk": 3, "us": 5}.get(region.lower())
    return f"{days} days" if days else "ten days, with luck"


# --- resources --------------------------------------------------------------


@resource("shop://opening-hours", title="Opening hours", mime_type="text/plain")
async def opening_hours() -> str:
    """When the shop is open."""
    return "Monday to Friday, 9 to 18. Saturday, 10 to 16."


@resource("shop://logo.png", title="The shop's sign", mime_type="image/png")
def shop_logo() -> bytes:
    """A shelf with five books."""
    return logo()


def complete_code(value: str, arguments: Mapping[str, str]) -> list[str]:
    """The codes that begin with what was typed."""
    return list(Book.objects.filter(code__startswith=value).values_list("code", flat=True)[:100])


@resource(
    "shop://books/{code}",
    title="A book's record",
    mime_type="application/json",
    completions={"code": complete_code},
)
def book_record(code: str) -> dict[str, Any]:
    """Everything the shop knows about one book."""
    book = find_book(code)
    sold = book.orders.filter(cancelled_at=None).aggregate(orders=Count("pk"))
    line = BookLine.of(book).model_dump(mode="json")
    return line | {"published": book.published, "summary": book.summary} | sold


# --- prompts ----------------------------------------------------------------


def complete_genre(value: str, arguments: Mapping[str, str]) -> list[str]:
    """The genres that begin with what was typed."""
    return [genre for genre in Genre.values if genre.startswith(value.lower())]


def complete_author(value: str, arguments: Mapping[str, str]) -> list[str]:
    """Authors on the shelf of the genre that was chosen before."""
    books = Book.objects.filter(author__icontains=value)
    if genre := arguments.get("genre"):
        books = books.filter(genre=genre)
    return list(books.order_by("author").values_list("author", flat=True).distinct()[:100])


@prompt(title="Recommend a book", completions={"genre": complete_genre, "author": complete_author})
def recommend_book(genre: str, author: str = "") -> str:
    """
    Ask for a recommendation from the shop's own shelves.

    Args:
        genre: The shelf to choose from.
        author: Somebody whose books were liked.
    """
    shelf = ", ".join(book.title for book in Book.objects.filter(genre=genre, stock__gt=0))
    liked = f" I liked {author}." if author else ""
    return f"Recommend one of these {genre} books: {shelf}.{liked} Tell me why in two sentences."


@prompt(title="Plan a window display")
async def plan_display(season: str) -> list[Message]:
    """Plan what to put into the shop window for a season."""
    return [
        Message(content=Text(text=f"Plan our shop window for {season}.")),
        Message(
            role="assistant",
            content=Text(text="I will look at the shelves first, then suggest five books."),
        ),
        Message(
            content=Text(text="Good. Use search_books and report_shelves, and mind the stock.")
        ),
    ]
