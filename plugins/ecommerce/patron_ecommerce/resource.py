"""Carts, shop orders, payments, stock, vouchers and shop customers as resources."""

from __future__ import annotations

from patron import Choice, CustomerLink, Field, Resource

from patron_ecommerce.models import Cart, Checkout, Payment, Shopper, Stock, Voucher
from patron_ecommerce.rules import (
    CartRules,
    CheckoutRules,
    PaymentRules,
    ShopperRules,
    StockRules,
    VoucherRules,
)

_CREATED = Field("created_at", "Created", "instant", read_only=True)
_UPDATED = Field("updated_at", "Changed", "instant", read_only=True)
_CUSTOMER = Field("customer", "Customer", "customer", column="customer_id", read_only=True)
NAV = "Shop"

CARTS = Resource(
    name="carts",
    module="ecommerce",
    model=Cart,
    label="Cart",
    label_plural="Carts",
    icon="shopping-cart",
    nav=NAV,
    template="ecommerce/cart_record.html",
    rules=CartRules,
    fields=(
        Field("name", "In it", read_only=True),
        _CUSTOMER,
        Field("status", "Status", "choice", read_only=True, choices=(
            Choice("open", "Open", "info"), Choice("abandoned", "Abandoned", "warning"),
            Choice("ordered", "Ordered", "success"),
        )),
        Field("gross", "Worth", "money", read_only=True),
        Field("pieces", "Pieces", "integer", read_only=True),
        Field("touched_at", "Last touched", "instant", read_only=True),
        _CREATED,
        _UPDATED,
    ),
    columns=("name", "customer", "status", "gross", "touched_at"),
    filters=("status", "customer", "gross", "pieces", "touched_at", "created_at"),
    sorts=("-touched_at", "-created_at"),
    verbs=("read", "export"),
    links=(CustomerLink("customer_id", "account"),),
)  # fmt: skip

CHECKOUTS = Resource(
    name="checkouts",
    module="ecommerce",
    model=Checkout,
    label="Shop order",
    label_plural="Shop orders",
    icon="package",
    nav=NAV,
    title="number",
    template="ecommerce/checkout_record.html",
    rules=CheckoutRules,
    fields=(
        Field("number", "Order", read_only=True),
        _CUSTOMER,
        Field("guest", "As a guest", "bool", read_only=True),
        Field("claimed_at", "Claimed", "instant", read_only=True),
        Field("name", "Name", read_only=True, personal=True),
        Field("email", "E-mail", "email", read_only=True, personal=True),
        Field("email_key", "Matched as", read_only=True, personal=True),
        Field("phone", "Phone", read_only=True, personal=True),
        Field("line1", "Street", read_only=True, personal=True),
        Field("line2", "Street, second line", read_only=True, personal=True),
        Field("postcode", "Postcode", read_only=True, personal=True),
        Field("city", "Town", read_only=True, personal=True),
        Field("country", "Country", read_only=True, personal=True, says="country"),
        Field("delivery_note", "Delivery note", "longtext", read_only=True, personal=True),
        Field("method", "Way to pay, as the API names it", read_only=True),
        Field("paid_by", "Paid by", "computed", read_only=True),
        Field("voucher_code", "Voucher", read_only=True),
        Field("gross", "Gross", "money", read_only=True),
        Field("placed_at", "Placed", "instant", read_only=True),
        _CREATED,
        _UPDATED,
    ),
    columns=("number", "customer", "guest", "paid_by", "gross", "placed_at"),
    filters=("customer", "guest", "method", "voucher_code", "gross", "placed_at", "email", "created_at"),
    sorts=("-placed_at", "-created_at"),
    search=("number",),
    verbs=("read", "export"),
    links=(CustomerLink("customer_id", "account"),),
)

PAYMENTS = Resource(
    name="payments",
    module="ecommerce",
    model=Payment,
    label="Shop payment",
    label_plural="Shop payments",
    icon="credit-card",
    nav=NAV,
    template="ecommerce/payment_record.html",
    rules=PaymentRules,
    fields=(
        Field("name", "Order", read_only=True),
        _CUSTOMER,
        Field("checkout", "Shop order", "ref", column="checkout_id", ref="ecommerce.checkouts", read_only=True),
        Field("provider", "Provider, as the API names it", read_only=True),
        Field("paid_by", "Paid by", "computed", read_only=True),
        Field("amount", "To be paid", "money", read_only=True),
        Field("received", "Received", "money", read_only=True),
        Field("state", "State", "choice", read_only=True, choices=(
            Choice("pending", "Pending", "info"), Choice("paid", "Paid", "success"),
            Choice("failed", "Failed", "warning"), Choice("expired", "Not paid in time", "neutral"),
            Choice("held", "Needs a person", "danger"), Choice("settled", "Settled by hand", "success"),
            Choice("refunded", "Refunded", "accent"),
        )),
        Field("reason", "Why", read_only=True),
        Field("due_at", "Due", "instant", read_only=True),
        Field("paid_at", "Paid at", "instant", read_only=True),
        _CREATED,
        _UPDATED,
    ),
    columns=("name", "customer", "paid_by", "amount", "state", "created_at"),
    filters=("state", "customer", "provider", "checkout", "amount", "created_at"),
    sorts=("-created_at",),
    verbs=("read", "export"),
    links=(CustomerLink("customer_id", "payer"),),
)  # fmt: skip

STOCK = Resource(
    name="stock",
    module="ecommerce",
    model=Stock,
    label="Stock",
    label_plural="Stock",
    icon="archive",
    nav=NAV,
    template="ecommerce/stock_record.html",
    rules=StockRules,
    fields=(
        Field("name", "Article", read_only=True, sort_column="name_key"),
        Field("product", "Product", "ref", column="product_id", ref="catalog.products", required=True),
        Field(
            "on_hand", "On hand", "integer", default=0, help="Later it changes by adjusting, with a reason."
        ),
        Field("reserved", "Promised", "integer", read_only=True),
        Field("free", "Free", "integer", read_only=True),
        Field("low_at", "Low at", "integer", default=3, help="The shop says “only a few left” from here on."),
        _CREATED,
        _UPDATED,
    ),
    columns=("name", "on_hand", "reserved", "free", "low_at"),
    filters=("product", "on_hand", "reserved", "free", "created_at"),
    sorts=("name", "free", "-created_at"),
    form=("product", "on_hand", "low_at"),
    search=("name",),
    verbs=("read", "create", "edit", "export"),
    kept_by="managers",
)

VOUCHERS = Resource(
    name="vouchers",
    module="ecommerce",
    model=Voucher,
    label="Voucher",
    label_plural="Vouchers",
    icon="percent",
    nav=NAV,
    title="code",
    rules=VoucherRules,
    fields=(
        Field("code", "Code", required=True, sort_column="code_key", match_column="code_key", max_length=60),
        Field("percent", "Percent off", "integer", help="Off every line, 1 to 100. Or an amount:"),
        Field("amount", "Amount off", "money", help="Off the sum, tax included."),
        Field("uses", "Can be used", "integer", default=1, help="How many times by all buyers together."),
        Field("used", "Was used", "integer", read_only=True),
        Field("valid_from", "Valid from", "date"),
        Field("valid_until", "Last day", "date"),
        _CREATED,
        _UPDATED,
    ),
    columns=("code", "percent", "amount", "used", "uses", "valid_until"),
    filters=("code", "percent", "uses", "used", "valid_from", "valid_until", "created_at"),
    sorts=("code", "-created_at"),
    form=("code", "percent", "amount", "uses", "valid_from", "valid_until"),
    search=("code",),
    verbs=("read", "create", "edit", "delete", "export"),
    kept_by="managers",
)

SHOPPERS = Resource(
    name="shoppers",
    module="ecommerce",
    model=Shopper,
    label="Shop customer",
    label_plural="Shop customers",
    icon="users",
    nav=NAV,
    rules=ShopperRules,
    fields=(
        Field("name", "In short", read_only=True),
        _CUSTOMER,
        Field("orders", "Shop orders", "integer", read_only=True),
        Field("last_order_at", "Last shop order", "instant", read_only=True),
        Field("open_cart", "Open cart", "money", read_only=True),
        Field("open_cart_at", "Cart touched", "instant", read_only=True),
        _CREATED,
        _UPDATED,
    ),
    columns=("name", "customer", "orders", "last_order_at", "open_cart", "open_cart_at"),
    filters=("customer", "orders", "last_order_at", "open_cart", "open_cart_at"),
    sorts=("-orders", "-created_at"),
    verbs=("read", "export"),
    links=(CustomerLink("customer_id", "account", unique=True),),
)

RESOURCES = (CHECKOUTS, CARTS, PAYMENTS, STOCK, VOUCHERS, SHOPPERS)
