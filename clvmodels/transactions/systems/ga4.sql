-- title: GA4 events from BigQuery
-- page: https://support.google.com/analytics/answer/7029846
-- files: json, parquet
-- needs: "event_name"
-- needs: "event_timestamp" BIGINT
-- one of: "event_params" "ecommerce"
-- one of: "user_pseudo_id" "user_id"
-- may have: "event_params" STRUCT("key" VARCHAR, "value" STRUCT(string_value VARCHAR, int_value BIGINT, float_value DOUBLE, double_value DOUBLE))[]
-- may have: "user_id"
-- may have: "user_pseudo_id"
-- may have: "ecommerce" STRUCT(transaction_id VARCHAR, purchase_revenue DOUBLE, purchase_revenue_in_usd DOUBLE, refund_value DOUBLE, refund_value_in_usd DOUBLE)
-- may have: "items" STRUCT(price DOUBLE, quantity BIGINT)[]
--
-- The tables events_YYYYMMDD as BigQuery exports them (https://cloud.google.com/bigquery/docs/exporting-data): one event
-- a row, of which those named purchase and refund are read.
-- Amount: the parameter value in the parameter currency, as the site sent them; where there is no value the event's
-- purchase_revenue, else its items' price times quantity; where there is no currency the revenue in US dollars. Google
-- asks sites to send value without tax and shipping, and many send it with both: it is taken as it is.
-- Orders: an order sent again under its transaction_id (a page loaded anew, a day exported with its intraday table)
-- counts once, as it was first sent with a value. An event without an id is an order of its own.
-- Refunds: matched by transaction_id to the purchase, and given its customer, currency and date. Several of one order
-- all count, up to what was paid; one sent twice counts once; one without a value gives back what is left.
-- Customer: user_id, which a site sets when somebody logs in, else user_pseudo_id, which is a browser or an installed app
-- and no person: who uses two, or deletes cookies, is two customers. A device that has had one user_id in the files is
-- that user when not logged in, too.
-- Left out: events of debug mode and internal traffic ("test order"), what was sent again ("repeated"), purchases
-- "without value", a "refund without its purchase" in the files.
-- Dates: event_timestamp is UTC, and days are those of UTC unless tz= names the property's zone (event_date is in that).
WITH logins AS (
  SELECT user_pseudo_id AS device, MIN(user_id) AS login
  FROM raw
  WHERE user_pseudo_id <> '' AND TRIM(user_id) <> ''
  GROUP BY device
  HAVING COUNT(DISTINCT user_id) = 1
),
found AS (
  SELECT
    event_name, event_timestamp, user_id, user_pseudo_id AS device, ecommerce,
    LIST_FILTER(event_params, lambda p: p."key" = 'transaction_id')[1]."value" AS id,
    LIST_FILTER(event_params, lambda p: p."key" = 'value')[1]."value" AS worth,
    LIST_FILTER(event_params, lambda p: p."key" = 'currency')[1]."value".string_value AS currency,
    LIST_FILTER(event_params, lambda p: p."key" = 'debug_mode')[1]."value" AS debug,
    LIST_FILTER(event_params, lambda p: p."key" = 'traffic_type')[1]."value".string_value AS traffic,
    LIST_SUM(LIST_TRANSFORM(items, lambda i: TRY_CAST(i.price AS DECIMAL(18, 6)) * COALESCE(i.quantity, 1))) AS items
  FROM raw
  WHERE event_name IN ('purchase', 'refund')
),
valued AS (
  SELECT
    *,
    NULLIF(UPPER(TRIM(currency)), '') AS code,
    COALESCE(worth.double_value, worth.float_value, worth.int_value, TRY_CAST(worth.string_value AS DOUBLE),
      IF(event_name = 'refund', ecommerce.refund_value, ecommerce.purchase_revenue)) AS sent,
    IF(event_name = 'refund', ecommerce.refund_value_in_usd, ecommerce.purchase_revenue_in_usd) AS dollars
  FROM found
),
events AS (
  SELECT
    event_name, event_timestamp,
    LIST_FILTER([user_id, login, device], lambda i: TRIM(i) <> '')[1] AS customer_id,
    COALESCE(
      LIST_FILTER([ecommerce.transaction_id, id.string_value, CAST(id.int_value AS VARCHAR)],
        lambda i: TRIM(i) NOT IN ('', '(not set)'))[1],
      CONCAT_WS('/', device, event_timestamp)
    ) AS order_id,
    TRY_CAST(IF(code IS NULL AND dollars IS NOT NULL, dollars, COALESCE(sent, items)) AS DECIMAL(18, 6)) AS amount,
    COALESCE(code, IF(dollars IS NOT NULL, 'USD', NULL)) AS currency,
    COALESCE(COALESCE(debug.int_value, TRY_CAST(debug.string_value AS BIGINT)) = 1, debug.string_value = 'true', false)
      OR COALESCE(traffic = 'internal', false) AS test
  FROM valued LEFT JOIN logins USING (device)
),
purchases AS (
  SELECT
    customer_id, event_timestamp, amount, currency, order_id,
    ROW_NUMBER() OVER (
      PARTITION BY order_id ORDER BY test, amount IS NULL, event_timestamp, amount, customer_id
    ) AS nth,
    CASE WHEN test THEN 'test order' WHEN nth > 1 THEN 'repeated' WHEN amount IS NULL THEN 'without value' END AS left_out
  FROM events
  WHERE event_name = 'purchase'
),
asked_back AS (
  SELECT
    customer_id, event_timestamp, ABS(amount) AS amount, currency, order_id, test,
    ROW_NUMBER() OVER (PARTITION BY order_id, event_timestamp, amount ORDER BY test, customer_id) AS nth
  FROM events
  WHERE event_name = 'refund'
),
refunds AS (
  SELECT
    COALESCE(paid.customer_id, back.customer_id) AS customer_id,
    COALESCE(paid.event_timestamp, back.event_timestamp) AS event_timestamp,
    COALESCE(paid.currency, back.currency) AS currency,
    back.order_id, paid.amount AS paid,
    COALESCE(back.amount, paid.amount) AS amount,
    COALESCE(SUM(COALESCE(back.amount, paid.amount)) FILTER (WHERE NOT test AND back.nth = 1) OVER (
      PARTITION BY back.order_id ORDER BY back.event_timestamp, back.amount, test, back.nth
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS before,
    CASE
      WHEN test THEN 'test order'
      WHEN paid.order_id IS NULL THEN 'refund without its purchase'
      WHEN paid.left_out IS NOT NULL THEN paid.left_out
      WHEN back.nth > 1 OR before >= paid.amount THEN 'repeated'
    END AS left_out
  FROM asked_back AS back LEFT JOIN purchases AS paid ON paid.order_id = back.order_id AND paid.nth = 1
)
SELECT customer_id, epoch_microseconds(event_timestamp) AS date, amount, currency, order_id, left_out
FROM purchases
UNION ALL
SELECT customer_id, epoch_microseconds(event_timestamp),
  CAST(-IF(left_out IS NULL, LEAST(amount, paid - before), amount) AS DECIMAL(18, 6)), currency, order_id, left_out
FROM refunds
