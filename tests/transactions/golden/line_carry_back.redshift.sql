-- One row a customer, for redshift, by clvmodels VERSION: time_unit=month, event_grain=line, refunds=carry_back, observation_start=2023-01-01, observation_end=2024-12-31 12:30:00, tz=Europe/Berlin
WITH log AS (
  SELECT
    CASE WHEN CAST("Customer ID" AS VARCHAR(MAX)) <> '' THEN "Customer ID" END AS customer_id,
    "when" AS date,
    "amount" AS amount,
    CASE WHEN CAST("the ""order""" AS VARCHAR(MAX)) <> '' THEN "the ""order""" END AS order_id
  FROM "shop"."orders"
  WHERE
    NOT "amount" IS NULL
), lines AS (
  SELECT
    customer_id AS customer_id,
    CAST(date AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE 'Europe/Berlin' AS local_time,
    CAST(amount AS DECIMAL(18, 6)) AS amount,
    order_id AS order_id
  FROM log
), used AS (
  SELECT
    customer_id,
    CASE
      WHEN order_id IS NULL
      THEN local_time
      ELSE MIN(local_time) OVER (PARTITION BY customer_id, order_id)
    END AS local_time,
    amount
  FROM lines
  WHERE
    NOT customer_id IS NULL
    AND NOT local_time IS NULL
    AND CAST(local_time AS TIMESTAMP) <= CAST('2024-12-31 12:30:00' AS TIMESTAMP)
), events AS (
  SELECT
    customer_id,
    DATEDIFF(MICROSECOND, CAST('1970-01-01 00:00:00' AS TIMESTAMP), CAST(local_time AS TIMESTAMP)) AS event,
    DATEDIFF(DAY, CAST('1970-01-01' AS DATE), CAST(local_time AS DATE)) AS first_day,
    amount AS total,
    amount AS smallest,
    amount AS largest
  FROM used
), running AS (
  SELECT
    *,
    SUM(total) OVER (
      PARTITION BY customer_id
      ORDER BY event, CASE WHEN total < 0 THEN 1 ELSE 0 END, total
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS height
  FROM events
), bounds AS (
  SELECT
    *,
    MIN(height) OVER (
      PARTITION BY customer_id
      ORDER BY event, CASE WHEN total < 0 THEN 1 ELSE 0 END, total
      ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
    ) AS lowest_later
  FROM running
), valued AS (
  SELECT
    *,
    CASE WHEN total > 0 THEN GREATEST(0, lowest_later - height + total) ELSE 0 END AS value
  FROM bounds
), judged AS (
  SELECT
    *,
    CASE WHEN value > 0 OR (
      total = 0 AND smallest = 0
    ) THEN 1 ELSE 0 END AS purchases,
    MIN(CASE WHEN value > 0 OR (
      total = 0 AND smallest = 0
    ) THEN value END) OVER (PARTITION BY customer_id, event) AS first_value
  FROM valued
), customers AS (
  SELECT
    customer_id,
    CAST(SUM(purchases) AS BIGINT) AS purchases,
    MIN(CASE WHEN purchases > 0 THEN event END) AS first_event,
    MAX(CASE WHEN purchases > 0 THEN event END) AS last_event,
    MIN(CASE WHEN purchases > 0 THEN first_day END) AS first_purchase_day,
    SUM(CASE WHEN purchases > 0 THEN value END) AS revenue,
    MAX(
      CASE
        WHEN place = 1 AND NOT CASE WHEN purchases > 0 THEN event END IS NULL
        THEN first_value
      END
    ) AS first_value
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY CASE WHEN purchases > 0 THEN event END) AS place
    FROM judged
  ) AS judged
  GROUP BY
    customer_id
)
SELECT
  customer_id AS "customer_id",
  purchases - 1 AS "frequency",
  CAST((
    last_event - first_event
  ) AS DOUBLE PRECISION) / CAST(2629800000000 AS DOUBLE PRECISION) AS "recency",
  CAST((
    1735648200000000 - first_event
  ) AS DOUBLE PRECISION) / CAST(2629800000000 AS DOUBLE PRECISION) AS "T",
  CASE
    WHEN purchases > 1
    THEN CAST((
      revenue - first_value
    ) * 1000000 AS DOUBLE PRECISION) / CAST((
      purchases - 1
    ) * 1000000 AS DOUBLE PRECISION)
  END AS "monetary_value",
  'month' AS "time_unit",
  '2024-12-31T12:30:00' AS "observation_end"
FROM customers
WHERE
  purchases > 0 AND first_purchase_day >= 19358
