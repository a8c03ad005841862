-- title: Shopify orders
-- page: https://help.shopify.com/en/manual/fulfillment/managing-orders/exporting-orders
-- files: csv
-- needs: "Name"
-- needs: "Email"
-- needs: "Created at"
-- needs: "Currency"
-- needs: "Total"
-- needs: "Financial Status"
-- may have: "Cancelled at"
-- may have: "Refunded Amount"
-- may have: "Phone"
--
-- One line an item; what belongs to the order stands on its first line only.
WITH orders AS (
  SELECT
    "Name" AS order_id,
    ANY_VALUE(NULLIF(LOWER(TRIM("Email")), '')) AS email,
    ANY_VALUE(NULLIF("Phone", '')) AS phone,
    ANY_VALUE(NULLIF("Created at", '')) AS created,
    ANY_VALUE(NULLIF("Currency", '')) AS currency,
    ANY_VALUE(money("Total")) AS total,
    ANY_VALUE(money("Refunded Amount")) AS refunded,
    ANY_VALUE(NULLIF("Cancelled at", '')) AS cancelled
  FROM raw
  GROUP BY "Name"
)
SELECT
  COALESCE(email, phone) AS customer_id,
  written_time(created) AS date,
  total AS amount,
  currency,
  order_id,
  CASE WHEN cancelled IS NOT NULL THEN 'cancelled' END AS left_out
FROM orders
UNION ALL
SELECT COALESCE(email, phone), written_time(created), -refunded, currency, order_id,
  CASE WHEN cancelled IS NOT NULL THEN 'cancelled' END
FROM orders
WHERE refunded > 0
