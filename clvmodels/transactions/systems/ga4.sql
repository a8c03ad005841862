-- title: GA4 events from BigQuery
-- page: https://support.google.com/analytics/answer/7029846
-- files: json, parquet
-- needs: "event_name"
-- needs: "event_timestamp" BIGINT
-- may have: "event_params" STRUCT("key" VARCHAR, "value" STRUCT(string_value VARCHAR, int_value BIGINT, float_value DOUBLE, double_value DOUBLE))[]
-- may have: "user_id"
-- may have: "user_pseudo_id"
-- may have: "ecommerce" STRUCT(transaction_id VARCHAR, purchase_revenue DOUBLE, purchase_revenue_in_usd DOUBLE, refund_value DOUBLE)
-- may have: "items" STRUCT(price DOUBLE, quantity BIGINT)[]
--
-- The tables events_YYYYMMDD as BigQuery exports them (https://cloud.google.com/bigquery/docs/exporting-data), JSON a
-- line or Parquet, one event a row; those named purchase and refund are read.
-- Amount: the parameter value with the parameter currency, as the site sent them; where there is none the event's
-- purchase_revenue (with no currency at all, that in US dollars), else the items' price times quantity. Google asks
-- sites to send value without tax and shipping, and many send it with both: it is taken as it is.
-- Orders: transaction_id. An order sent again (a page loaded anew, a day exported with its intraday table) counts once,
-- the first time; without an id an event is an order of its own, and the same device at the same microsecond the same.
-- Refunds: matched by transaction_id to the purchase, and given its customer and date. Several refunds of an order all
-- count, one sent twice once; one without a value gives back what is left of the order.
-- Customer: user_id, which the site sets when somebody logs in, else user_pseudo_id, which is a browser or a device and
-- no person: somebody who uses two, or deletes cookies, is two customers. A device that has had one user_id in the files
-- is that user also when not logged in.
-- Left out: events of debug mode and of internal traffic ("test order"), orders sent again ("repeated"), purchases
-- without any value ("without value"), refunds of purchases that the files do not hold.
-- Dates: event_timestamp is UTC, and so are the days unless tz= gives the property's zone, in which event_date is.
WITH people AS (
  SELECT user_pseudo_id AS device, MIN(user_id) AS user_id
  FROM raw
  WHERE user_pseudo_id IS NOT NULL AND NULLIF(TRIM(user_id), '') IS NOT NULL
  GROUP BY user_pseudo_id
  HAVING COUNT(DISTINCT user_id) = 1
),
found AS (
  SELECT
    event_name, event_timestamp, user_id, user_pseudo_id AS device, ecommerce,
    LIST_FILTER(event_params, lambda p: p."key" = 'transaction_id')[1]."value" AS id,
    LIST_FILTER(event_params, lambda p: p."key" = 'value')[1]."value" AS worth,
    LIST_FILTER(event_params, lambda p: p."key" = 'currency')[1]."value".string_value AS code,
    LIST_FILTER(event_params, lambda p: p."key" = 'debug_mode')[1]."value" AS debug,
    LIST_FILTER(event_params, lambda p: p."key" = 'traffic_type')[1]."value".string_value AS traffic,
    LIST_SUM(LIST_TRANSFORM(items, lambda i: i.price * COALESCE(i.quantity, 1))) AS items
  FROM raw
  WHERE event_name IN ('purchase', 'refund')
),
sent AS (
  SELECT
    event_name, event_timestamp, device,
    COALESCE(NULLIF(TRIM(found.user_id), ''), people.user_id, NULLIF(device, '')) AS customer_id,
    NULLIF(NULLIF(TRIM(COALESCE(ecommerce.transaction_id, id.string_value, CAST(id.int_value AS VARCHAR))), ''),
      '(not set)') AS transaction_id,
    UPPER(NULLIF(TRIM(code), '')) AS currency,
    COALESCE(worth.double_value, worth.float_value, worth.int_value, TRY_CAST(worth.string_value AS DOUBLE)) AS worth,
    ecommerce, items,
    COALESCE(debug.int_value, TRY_CAST(debug.string_value AS BIGINT), 0) = 1 OR debug.string_value = 'true'
      OR traffic = 'internal' AS test
  FROM found LEFT JOIN people USING (device)
)
SELECT 1
