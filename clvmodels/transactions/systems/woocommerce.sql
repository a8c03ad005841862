-- title: WooCommerce orders
-- page: https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders
-- files: json
-- needs: "id"
-- needs: "status"
-- needs: "currency"
-- needs: "date_created"
-- needs: "total"
-- needs: "customer_id"
-- needs: "billing" STRUCT(email VARCHAR, phone VARCHAR)
-- needs: "refunds" STRUCT(id VARCHAR, total VARCHAR)[]
-- may have: "order_key"
-- may have: "date_created_gmt"
-- may have: "date_modified_gmt"
-- may have: "date_paid"
-- may have: "meta_data" STRUCT("key" VARCHAR, "value" VARCHAR)[]
--
-- What GET /wp-json/wc/v3/orders answers, its pages saved one a file or one order a line. Pages that were asked for
-- while orders came in overlap: an order counts once, as it was modified last.
-- Order: its id; where two shops use the same id, which their order keys tell, the key behind it.
-- Amount: total, with tax, shipping and fees, after coupons, before refunds. Free orders stay.
-- Refund: each of refunds; all of an order with the status refunded where there is none.
-- Date: date_created, the shop's clock; date_created_gmt gives its offset where another zone's clock is asked for.
-- Left out: test orders (WooPayments and PayPal Payments note their test mode), cancelled and deleted orders with their
-- refunds, and orders for which no money came: pending, failed, drafts, and on hold (waiting for the payment) without
-- date_paid. A status that a plugin made is judged by date_paid too. Processing counts: paid, or cash on delivery.
-- Customer: the billing e-mail, which guests and registered customers give alike (customer_id is 0 for every guest).
-- Without one, the e-mail on other orders of the same customer_id, else that number, else the phone.
WITH
orders AS (
  SELECT
    id,
    order_key,
    REGEXP_REPLACE(LOWER(TRIM(status)), '^wc-', '') AS status,
    UPPER(TRIM(currency)) AS currency,
    money(total) AS amount,
    refunds,
    NULLIF(customer_id, '0') AS account,
    email(billing.email) AS email,
    phone(billing.phone) AS phone,
    date_created,
    DATE_DIFF('minute', TRY_CAST(date_created_gmt AS TIMESTAMP), TRY_CAST(date_created AS TIMESTAMP)) AS ahead,
    NULLIF(date_paid, '') AS paid_at,
    LIST_HAS_ANY(meta_data, [
      {'key': '_wcpay_mode', 'value': 'test'},
      {'key': '_ppcp_paypal_payment_mode', 'value': 'sandbox'}
    ]) AS test
  FROM raw
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY id, order_key
    ORDER BY date_modified_gmt DESC NULLS LAST, LEN(refunds) DESC NULLS LAST, date_paid DESC NULLS LAST, status, total
  ) = 1
),
judged AS (
  SELECT
    *,
    CASE WHEN COUNT(*) OVER (PARTITION BY id) > 1 THEN CONCAT_WS(' ', id, order_key) ELSE id END AS order_id,
    COALESCE(
      email,
      CASE WHEN account IS NOT NULL THEN MIN(email) OVER (PARTITION BY account) END,
      account,
      phone
    ) AS customer_id,
    -- no clock is more than 14 hours ahead: orders that were imported may have any date_created_gmt
    written_time(
      date_created || CASE
        WHEN ABS(ahead) <= 840
          THEN PRINTF('%s%02d:%02d', CASE WHEN ahead < 0 THEN '-' ELSE '+' END, ABS(ahead) // 60, ABS(ahead) % 60)
        ELSE ''
      END
    ) AS date,
    CASE
      WHEN test THEN 'test order'
      WHEN status IN ('cancelled', 'trash') THEN 'cancelled'
      WHEN status IN ('processing', 'completed', 'refunded') THEN NULL
      WHEN status IN ('pending', 'failed', 'checkout-draft', 'auto-draft', 'draft') THEN 'not paid'
      WHEN paid_at IS NULL THEN 'not paid'
    END AS left_out
  FROM orders
),
given_back AS (
  SELECT *, UNNEST(refunds).total AS refund FROM judged
  UNION ALL
  SELECT *, CAST(amount AS VARCHAR) FROM judged WHERE status = 'refunded' AND LEN(COALESCE(refunds, [])) = 0
)
SELECT customer_id, date, amount, currency, order_id, left_out FROM judged
UNION ALL
-- refunds are written as negative totals
SELECT customer_id, date, -ABS(money(refund)), currency, order_id, left_out FROM given_back WHERE money(refund) <> 0
