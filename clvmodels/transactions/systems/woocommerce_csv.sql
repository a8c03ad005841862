-- title: WooCommerce orders in CSV
-- page: https://woocommerce.com/document/ordercustomer-csv-export-developer-documentation/
-- files: csv
-- needs: "order_id"
-- needs: "date"
-- needs: "status"
-- needs: "order_total"
-- needs: "refunded_total"
-- needs: "order_currency"
-- needs: "customer_id"
-- needs: "billing_email"
-- may have: "billing_phone"
--
-- The formats Default and Default - One Row per Item of the extension Customer/Order/Coupon Export.
-- Lines: one an order, or one an item, which repeats what belongs to the order; either way, and where exports overlap,
-- an order counts once: as it is cancelled, else with the largest refund, else as it is furthest on.
-- Order: its order_id; where two shops use the same, which the orders' dates tell, the date behind it.
-- Amount: order_total, with tax, shipping and fees, after coupons, before refunds. Free orders stay.
-- Refund: refunded_total, or all of an order with the status refunded where that is 0.
-- Date: date, the shop's clock, without an offset.
-- Left out: cancelled and deleted orders with their refunds, and orders for which no money came: pending, on hold
-- (waiting for the payment), failed, drafts. Processing counts: paid, or cash on delivery. The export says neither
-- which orders were tests nor when they were paid, so that a status that a plugin made is left out as unknown; the
-- JSON of the REST API says both.
-- Customer: the billing e-mail, which guests and registered customers give alike (customer_id is 0 for every guest).
-- Without one, the e-mail on other orders of the same customer_id, else that number, else the phone.
WITH
lines AS (
  SELECT
    TRIM(order_id) AS id,
    TRIM("date") AS ordered_at,
    REGEXP_REPLACE(LOWER(TRIM(status)), '^wc-', '') AS status,
    UPPER(TRIM(order_currency)) AS currency,
    money(order_total) AS amount,
    money(refunded_total) AS refunded,
    NULLIF(NULLIF(TRIM(customer_id), '0'), '') AS account,
    email(billing_email) AS email,
    phone(billing_phone) AS phone
  FROM raw
),
orders AS (
  SELECT *
  FROM lines
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY id, ordered_at
    ORDER BY
      CASE status
        WHEN 'trash' THEN 1
        WHEN 'cancelled' THEN 2
        WHEN 'refunded' THEN 3
        WHEN 'completed' THEN 4
        WHEN 'processing' THEN 5
        ELSE 6
      END,
      refunded DESC NULLS LAST, amount DESC NULLS LAST, status, account, email, phone, currency
  ) = 1
),
judged AS (
  SELECT
    *,
    CASE WHEN COUNT(*) OVER (PARTITION BY id) > 1 THEN CONCAT_WS(' ', id, ordered_at) ELSE id END AS order_id,
    COALESCE(
      email,
      CASE WHEN account IS NOT NULL THEN MIN(email) OVER (PARTITION BY account) END,
      account,
      phone
    ) AS customer_id,
    written_time(ordered_at) AS date,
    CASE
      WHEN status IN ('processing', 'completed', 'refunded') THEN NULL
      WHEN status IN ('cancelled', 'trash') THEN 'cancelled'
      WHEN status IN ('pending', 'on-hold', 'failed', 'checkout-draft', 'auto-draft', 'draft') THEN 'not paid'
      ELSE 'unknown status'
    END AS left_out
  FROM orders
),
refunds AS (
  SELECT *, COALESCE(NULLIF(refunded, 0), CASE WHEN status = 'refunded' THEN amount END) AS given_back
  FROM judged
)
SELECT customer_id, date, amount, currency, order_id, left_out FROM judged
UNION ALL
SELECT customer_id, date, -given_back, currency, order_id, left_out FROM refunds WHERE given_back > 0
