"""What the site makes of its environment."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcpsite import environment


@pytest.mark.parametrize(("text", "expected"), [("1", True), (" Yes ", True), ("0", False)])
def test_a_flag_is_a_word_that_says_yes(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: bool
) -> None:
    monkeypatch.setenv("A_FLAG", text)
    assert environment.flag("A_FLAG", default=not expected) is expected


def test_an_empty_flag_is_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_FLAG", "")
    assert environment.flag("A_FLAG", default=True)


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_WORDS", "one, two,,")
    assert environment.words("SOME_WORDS", "other") == ["one", "two"]


def test_a_secret_key_is_made_once_and_only_its_owner_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    path = tmp_path / "var" / "secret_key"
    key = environment.secret_key(path)
    assert len(key) >= 50
    assert environment.secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_processes_that_start_together_agree_on_the_secret_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(environment.secret_key, [tmp_path / "secret_key"] * 32))
    assert len(keys) == 1


def test_a_secret_key_of_the_environment_is_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "from outside")
    assert environment.secret_key(tmp_path / "secret_key") == "from outside"
    assert not list(tmp_path.iterdir())


def test_without_a_url_the_database_is_a_file(tmp_path: Path) -> None:
    database = environment.database("", default=tmp_path / "var" / "db.sqlite3")
    assert database["NAME"] == tmp_path / "var" / "db.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert (tmp_path / "var").is_dir()


def test_a_sqlite_url_names_a_path(tmp_path: Path) -> None:
    database = environment.database(f"sqlite:///{tmp_path}/a%20b.db", default=Path("unused"))
    assert database["NAME"] == tmp_path / "a b.db"


def test_a_postgresql_url_is_taken_apart() -> None:
    url = "postgresql://ada:p%40ss@db.example:5433/shop?sslmode=require"
    database = environment.database(url, default=Path("unused"))
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["USER"], database["PASSWORD"]) == ("ada", "p@ss")
    assert (database["HOST"], database["PORT"]) == ("db.example", "5433")
    assert database["NAME"] == "shop"
    assert database["OPTIONS"] == {"sslmode": "require", "connect_timeout": "3"}


def test_a_postgresql_url_may_say_how_long_connecting_takes() -> None:
    database = environment.database("postgres:///shop?connect_timeout=9", default=Path("unused"))
    assert database["OPTIONS"] == {"connect_timeout": "9"}


def test_a_postgresql_url_may_name_a_socket_folder() -> None:
    database = environment.database("postgres:///shop?host=/run/db", default=Path("unused"))
    assert database["HOST"] == "/run/db"


def test_a_pool_of_connections_keeps_what_the_threads_else_would() -> None:
    url = "postgresql://db.example/shop?sslmode=require"
    database = environment.database(url, default=Path("unused"), pool=5)
    pool = database["OPTIONS"].pop("pool")
    assert (pool["min_size"], pool["max_size"]) == (1, 5)
    assert database["OPTIONS"] == {"sslmode": "require", "connect_timeout": "3"}
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, True)


def test_a_pool_for_sqlite_is_refused() -> None:
    with pytest.raises(ValueError, match="DATABASE_POOL is for PostgreSQL"):
        environment.database("sqlite:///a.db", default=Path("unused"), pool=5)


@pytest.mark.parametrize(("text", "expected"), [("5", 5), (" 7 ", 7), ("", 0)])
def test_a_number_is_whole(monkeypatch: pytest.MonkeyPatch, text: str, expected: int) -> None:
    monkeypatch.setenv("A_NUMBER", text)
    assert environment.number("A_NUMBER") == expected


def test_what_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_NUMBER", "-1")
    with pytest.raises(ValueError, match="A_NUMBER is '-1'"):
        environment.number("A_NUMBER")


def test_another_database_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match="'mysql': use postgresql://"):
        environment.database("mysql://localhost/shop", default=Path("unused"))


def test_what_holds_streams_is_named_in_its_order() -> None:
    assert environment.publishers(["unix:/a", "unix:/b"]) == {"n0": "unix:/a", "n1": "unix:/b"}
    assert environment.publishers([]) == {}


def test_an_object_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.mapping("AN_OBJECT") == {}
    monkeypatch.setenv("AN_OBJECT", '{"a": {"b": 1}}')
    assert environment.mapping("AN_OBJECT") == {"a": {"b": 1}}
    for text in ("{", "[]", "s3cret"):
        monkeypatch.setenv("AN_OBJECT", text)
        with pytest.raises(ValueError, match=r"^AN_OBJECT is no JSON object\.$"):
            environment.mapping("AN_OBJECT")


def test_the_bus_is_redis_where_there_is_one_and_else_the_database() -> None:
    assert environment.bus("redis://h")["BACKEND"].endswith(".ChannelLayerBus")
    assert environment.bus("")["BACKEND"].endswith(".DatabaseBus")
