-- One row a customer, for spark, by clvmodels VERSION: time_unit=week, event_grain=week, refunds=drop, observation_start=2023-01-01, observation_end=2024-12-31 12:30:00
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
    CAST(date AS TIMESTAMP_NTZ) AS local_time,
    CAST(amount AS DECIMAL(18, 6)) AS amount
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
    AND CAST(local_time AS TIMESTAMP_NTZ) <= CAST('2024-12-31 12:30:00' AS TIMESTAMP_NTZ)
), events AS (
  SELECT
    customer_id,
    CAST(DATEDIFF(CAST(local_time AS DATE), CAST('1970-01-01' AS DATE)) AS BIGINT) - (
      (
        CAST(DATEDIFF(CAST(local_time AS DATE), CAST('1970-01-01' AS DATE)) AS BIGINT) + 3
      ) % 7 + 7
    ) % 7 AS event,
    MIN(
      CASE
        WHEN amount >= 0
        THEN CAST(DATEDIFF(CAST(local_time AS DATE), CAST('1970-01-01' AS DATE)) AS BIGINT)
      END
    ) AS first_day,
    SUM(CASE WHEN amount >= 0 THEN amount END) AS total,
    MIN(amount) AS smallest,
    MAX(amount) AS largest
  FROM used
  GROUP BY
    customer_id,
    CAST(DATEDIFF(CAST(local_time AS DATE), CAST('1970-01-01' AS DATE)) AS BIGINT) - (
      (
        CAST(DATEDIFF(CAST(local_time AS DATE), CAST('1970-01-01' AS DATE)) AS BIGINT) + 3
      ) % 7 + 7
    ) % 7
), judged AS (
  SELECT
    *,
    CASE WHEN total IS NULL THEN 0 ELSE 1 END AS purchases,
    total AS value,
    total AS first_value
  FROM events
), customers AS (
  SELECT
    customer_id,
    COUNT(CASE WHEN purchases > 0 THEN 1 END) AS purchases,
    MIN(CASE WHEN purchases > 0 THEN event END) AS first_event,
    MAX(CASE WHEN purchases > 0 THEN event END) AS last_event,
    MIN(CASE WHEN purchases > 0 THEN first_day END) AS first_purchase_day,
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
  ) AS DOUBLE) / CAST(7 AS DOUBLE) AS `recency`,
  CAST((
    964249 - first_event * 48
  ) AS DOUBLE) / CAST(336 AS DOUBLE) AS `T`,
  CASE
    WHEN purchases > 1
    THEN CAST((
      revenue - first_value
    ) * 1000000 AS DOUBLE) / CAST((
      purchases - 1
    ) * 1000000 AS DOUBLE)
  END AS `monetary_value`,
  'week' AS `time_unit`,
  '2024-12-31T12:30:00' AS `observation_end`
FROM customers
WHERE
  purchases > 0 AND first_purchase_day >= 19358
