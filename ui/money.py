"""What model calls cost, in words; for the web pages and the command line. No Streamlit here."""


def money(amount_usd: float | None, of_usd: float | None = None) -> str:
    """`$0.42`, `$0.42 of $5.00`, or that nobody knows the price; not for Markdown as it is."""
    if amount_usd is None:
        return "price unknown"
    return f"${amount_usd:.2f}" + (f" of ${of_usd:.2f}" if of_usd else "")


def tokens_used(used: int, limit: int | None, usd: float | None) -> str:
    """`1,234 tokens`; where no price is known with their limit, which alone holds such a job."""
    return f"{used:,} of at most {limit:,} tokens" if limit and usd is None else f"{used:,} tokens"
