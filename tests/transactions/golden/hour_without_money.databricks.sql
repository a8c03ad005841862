-- One row a customer, for databricks, by clvmodels VERSION: time_unit=day, event_grain=hour, observation_end=2024-12-31, tz=-09:30
WITH log AS (
  SELECT
    CASE WHEN CAST(`customer_id` AS STRING) <> '' THEN `customer_id` END AS customer_id,
    `date` AS date
  FROM `shop`.`orders`
), lines AS (
  SELECT
    customer_id AS customer_id,
    (
      (
        CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ) + MAKE_DT_INTERVAL(
          0,
          0,
          0,
          CAST(UNIX_MICROS(FROM_UTC_TIMESTAMP(CAST(date AS TIMESTAMP), 'UTC')) AS DECIMAL(20, 0)) / 1000000
        )
      )
    ) + INTERVAL '-570' MINUTE AS local_time
  FROM log
), used AS (
  SELECT
    customer_id,
    local_time AS local_time
  FROM lines
  WHERE
    NOT customer_id IS NULL
    AND NOT local_time IS NULL
    AND local_time < CAST('2025-01-01' AS DATE)
), events AS (
  SELECT
    customer_id,
    CAST(FLOOR(
      CAST(CAST((
        CAST(local_time AS TIMESTAMP_NTZ) - CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ)
      ) AS INTERVAL SECOND) AS DECIMAL(18, 6)) / 3600
    ) AS BIGINT) AS event
  FROM used
  GROUP BY
    customer_id,
    CAST(FLOOR(
      CAST(CAST((
        CAST(local_time AS TIMESTAMP_NTZ) - CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ)
      ) AS INTERVAL SECOND) AS DECIMAL(18, 6)) / 3600
    ) AS BIGINT)
), judged AS (
  SELECT
    *,
    1 AS purchases
  FROM events
), customers AS (
  SELECT
    customer_id,
    COUNT(*) AS purchases,
    MIN(event) AS first_event,
    MAX(event) AS last_event
  FROM judged
  GROUP BY
    customer_id
)
SELECT
  customer_id AS `customer_id`,
  purchases - 1 AS `frequency`,
  CAST((
    last_event - first_event
  ) AS DOUBLE) / CAST(24 AS DOUBLE) AS `recency`,
  CAST((
    482136 - first_event
  ) AS DOUBLE) / CAST(24 AS DOUBLE) AS `T`,
  'day' AS `time_unit`,
  '2024-12-31' AS `observation_end`
FROM customers
WHERE
  purchases > 0
