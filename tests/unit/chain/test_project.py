from interlock.chain.project import fill_in
from interlock.postgres.url import parse_url


def test_a_password_that_looks_like_the_name_of_another_part_is_left_alone():
    url = parse_url("postgresql://shop:%7Bhost%7D@db.example/shop")

    assert fill_in("{password} at {host}", url, url.as_text()) == "{host} at db.example"
