-- One row a customer, for bigquery, by clvmodels VERSION: time_unit=week, event_grain=day, refunds=net, observation_end=2024-12-31
WITH log AS (
  SELECT
    CASE WHEN CAST(`customer_id` AS STRING) <> '' THEN `customer_id` END AS customer_id,
    `date` AS date,
    `amount` AS amount
  FROM `shop`.`orders`
  WHERE
    NOT `amount` IS NULL
), lines AS (
  SELECT
    customer_id AS customer_id,
    CAST(date AS DATE) AS local_time,
    ROUND(CAST(amount AS NUMERIC), 6) AS amount
  FROM log
), used AS (
  SELECT
    customer_id,
    local_time AS local_time,
    amount
  FROM lines
  WHERE
    NOT customer_id IS NULL
    AND NOT local_time IS NULL
    AND local_time < CAST('2025-01-01' AS DATE)
), events AS (
  SELECT
    customer_id,
    DATE_DIFF(CAST(local_time AS DATE), CAST('1970-01-01' AS DATE), DAY) AS event,
    SUM(amount) AS total,
    MIN(amount) AS smallest,
    MAX(amount) AS largest
  FROM used
  GROUP BY
    customer_id,
    DATE_DIFF(CAST(local_time AS DATE), CAST('1970-01-01' AS DATE), DAY)
), judged AS (
  SELECT
    *,
    CASE WHEN smallest < 0 AND total <= 0 THEN 0 ELSE 1 END AS purchases,
    total AS value,
    total AS first_value
  FROM events
), customers AS (
  SELECT
    customer_id,
    COUNT(CASE WHEN purchases > 0 THEN 1 END) AS purchases,
    MIN(CASE WHEN purchases > 0 THEN event END) AS first_event,
    MAX(CASE WHEN purchases > 0 THEN event END) AS last_event,
    SUM(CASE WHEN purchases > 0 THEN value END) AS revenue,
    MIN_BY(first_value, CASE WHEN purchases > 0 THEN event END) AS first_value
  FROM judged
  GROUP BY
    customer_id
)
SELECT
  customer_id AS `customer_id`,
  purchases - 1 AS `frequency`,
  CAST((
    last_event - first_event
  ) AS FLOAT64) / CAST(7 AS FLOAT64) AS `recency`,
  CAST((
    20088 - first_event
  ) AS FLOAT64) / CAST(7 AS FLOAT64) AS `T`,
  CASE
    WHEN purchases > 1
    THEN CAST((
      revenue - first_value
    ) * 1000000 AS FLOAT64) / CAST((
      purchases - 1
    ) * 1000000 AS FLOAT64)
  END AS `monetary_value`,
  'week' AS `time_unit`,
  '2024-12-31' AS `observation_end`
FROM customers
WHERE
  purchases > 0
