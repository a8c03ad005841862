-- title: Stripe payments
-- page: https://support.stripe.com/questions/exporting-payment-reports
-- files: csv
-- needs: "id"
-- needs: "Amount"
-- needs: "Amount Refunded"
-- needs: "Currency"
-- needs: "Status"
-- one of: "Created date (UTC)" "Created (UTC)"
-- may have: "Created date (UTC)"
-- may have: "Created (UTC)"
-- may have: "Captured"
-- may have: "Mode"
-- may have: "Customer Email"
-- may have: "Customer ID"
-- may have: "Card Fingerprint"
-- may have: "Disputed Amount"
-- may have: "Dispute Status"
--
-- Dashboard > Payments > Export. One line a payment.
-- Amount: what the customer was charged, with tax and shipping, in the currency that he paid in. "Converted Amount",
-- what reached the merchant's account, is not read: it holds the rate of its day, and a refund another one.
-- Refunds: "Amount Refunded", at the payment's date (the columns do not say when each part went back). A dispute that was
-- lost took its money back too; one that is open, won or only an inquiry did not.
-- Left out: payments made in test mode, those never paid (failed, cancelled, blocked, incomplete) or only authorised,
-- and a payment that overlapping exports hold more than once, of which the latest stays: paid, and refunded most.
-- Customer: the e-mail, since a checkout without an account gives no customer id, and a shop may make a new one each
-- time; lines without it take the e-mail that their customer id has elsewhere, else the id, else the card's fingerprint.
-- Dates are UTC in both layouts, today's and the older one with "Created (UTC)".
WITH payments AS (
  SELECT
    NULLIF(TRIM("id"), '') AS order_id,
    utc_time(COALESCE("Created date (UTC)", "Created (UTC)")) AS date,
    email("Customer Email") AS email,
    NULLIF("Customer ID", '') AS customer,
    NULLIF("Card Fingerprint", '') AS card,
    UPPER(TRIM("Currency")) AS currency,
    -- accounts of some countries write 12,50
    money(REGEXP_REPLACE("Amount", '^(\d+),(\d{1,2})$', '\1.\2')) AS amount,
    money(REGEXP_REPLACE("Amount Refunded", '^(\d+),(\d{1,2})$', '\1.\2')) AS refunded,
    CASE WHEN LOWER("Dispute Status") = 'lost'
      THEN money(REGEXP_REPLACE("Disputed Amount", '^(\d+),(\d{1,2})$', '\1.\2')) END AS lost,
    COALESCE(LOWER(TRIM("Mode")) = 'test', false) AS test,
    COALESCE(LOWER(TRIM("Status")), '') IN ('paid', 'refunded', 'partially refunded', 'succeeded', 'disputed')
      AND LOWER("Captured") IS DISTINCT FROM 'false' AS paid
  FROM raw
),
known AS (
  SELECT customer, ARG_MIN(email, (date, order_id, email)) AS email
  FROM payments
  WHERE customer IS NOT NULL AND email IS NOT NULL
  GROUP BY customer
),
once AS (
  SELECT
    COALESCE(payments.email, known.email, payments.customer, card) AS customer_id,
    date, amount, currency, order_id,
    CAST(COALESCE(refunded, 0) + COALESCE(lost, 0) AS DECIMAL(18, 6)) AS given_back,
    LEAST(amount, given_back) AS back,
    CASE
      WHEN order_id IS NOT NULL AND ROW_NUMBER() OVER (
        PARTITION BY order_id
        ORDER BY test, paid DESC, given_back DESC, amount DESC NULLS LAST, date, payments.email, payments.customer, card
      ) > 1 THEN 'repeated'
      WHEN test THEN 'test order'
      WHEN NOT paid THEN 'not paid'
    END AS left_out
  FROM payments LEFT JOIN known USING (customer)
)
SELECT customer_id, date, amount, currency, order_id, left_out FROM once
UNION ALL
SELECT customer_id, date, -back, currency, order_id, left_out FROM once WHERE back > 0
