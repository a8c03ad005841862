-- title: Shopify orders
-- page: https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders
-- files: csv
-- needs: "Name"
-- needs: "Email"
-- needs: "Financial Status"
-- needs: "Created at"
-- needs: "Currency"
-- needs: "Total"
-- may have: "Id"
-- may have: "Phone"
-- may have: "Paid at"
-- may have: "Cancelled at"
-- may have: "Refunded Amount"
-- may have: "Outstanding Balance"
-- may have: "Payment Method"
--
-- Lines: one an item. What belongs to the order (total, status, Id) stands on the order's first line only; lines that
-- have neither a total nor a status are further items and give nothing. Where exports overlap, an order counts once, in
-- its latest state: cancelled, else with the largest refund, else paid.
-- Order: its Id, as names such as #1001 come again in another shop, or when an app numbers anew. Without an Id, or with
-- one that a spreadsheet has rounded (5.43E+12), its name.
-- Amount: Total, with tax and shipping, after discounts, before refunds; of an order that is partly paid, Total less
-- Outstanding Balance. Gift cards count when bought and again when spent: the export does not tell them apart.
-- Refund: Refunded Amount, or all of an order with the status refunded where that is missing.
-- Date: Created at, the shop's clock with its offset behind it.
-- Left out: test orders (paid through the Bogus Gateway), cancelled orders with their refunds, and orders for which no
-- money came: pending, authorized (reserved, not taken), expired, voided. A status that is none of Shopify's is judged
-- by Paid at. Orders made from drafts and sales at a till are orders as others are.
-- Customer: the e-mail, which stands on the orders of guests and of registered customers alike (the export has no
-- customer number); without one, as at a till, the phone; without both the order is anonymous.
WITH
first_lines AS (
  SELECT
    COALESCE(NULLIF(REGEXP_EXTRACT(TRIM("Id"), '^''?(\d+)$', 1), ''), TRIM("Name")) AS order_id,
    email("Email") AS email,
    phone("Phone") AS phone,
    REPLACE(LOWER(TRIM("Financial Status")), ' ', '_') AS status,
    money("Total") AS total,
    money("Refunded Amount") AS refunded,
    money("Outstanding Balance") AS outstanding,
    UPPER(TRIM("Currency")) AS currency,
    NULLIF(TRIM("Created at"), '') AS created_at,
    NULLIF(TRIM("Paid at"), '') AS paid_at,
    NULLIF(TRIM("Cancelled at"), '') AS cancelled_at,
    LOWER("Payment Method") AS payment_method
  FROM raw
  WHERE NULLIF(TRIM("Total"), '') IS NOT NULL OR NULLIF(TRIM("Financial Status"), '') IS NOT NULL
),
orders AS (
  SELECT *
  FROM first_lines
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY order_id
    ORDER BY total IS NULL, cancelled_at IS NULL, refunded DESC NULLS LAST, paid_at IS NULL, outstanding NULLS LAST,
      total DESC, created_at, email, phone, status, currency, payment_method
  ) = 1
),
judged AS (
  SELECT
    *,
    COALESCE(email, phone) AS customer_id,
    written_time(created_at) AS date,
    CASE
      WHEN status = 'partially_paid' AND outstanding BETWEEN 0 AND total THEN total - outstanding
      ELSE total
    END AS amount,
    CASE
      WHEN payment_method LIKE '%bogus%' THEN 'test order'
      WHEN cancelled_at IS NOT NULL THEN 'cancelled'
      WHEN status IN ('paid', 'partially_paid', 'partially_refunded', 'refunded') THEN NULL
      WHEN status IN ('pending', 'authorized', 'expired', 'voided') THEN 'not paid'
      WHEN paid_at IS NULL THEN 'not paid'
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
