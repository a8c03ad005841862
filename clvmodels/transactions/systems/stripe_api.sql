-- title: Stripe charges
-- page: https://docs.stripe.com/api/charges/object
-- files: json
-- needs: "object"
-- one of: "data" "amount"
-- may have: "data" STRUCT(id VARCHAR, "object" VARCHAR, amount BIGINT, amount_captured BIGINT, amount_refunded BIGINT, currency VARCHAR, created BIGINT, captured BOOLEAN, status VARCHAR, livemode BOOLEAN, customer VARCHAR, receipt_email VARCHAR, billing_details STRUCT(email VARCHAR), payment_method_details STRUCT(card STRUCT(fingerprint VARCHAR)))[]
-- may have: "id"
-- may have: "amount" BIGINT
-- may have: "amount_captured" BIGINT
-- may have: "amount_refunded" BIGINT
-- may have: "currency"
-- may have: "created" BIGINT
-- may have: "captured" BOOLEAN
-- may have: "status"
-- may have: "livemode" BOOLEAN
-- may have: "customer"
-- may have: "receipt_email"
-- may have: "billing_details" STRUCT(email VARCHAR)
-- may have: "payment_method_details" STRUCT(card STRUCT(fingerprint VARCHAR))
--
-- What the API answers to a list of charges: its pages as they come ({"object": "list", "data": [...]}), or the charges
-- themselves, in an array or one a line.
-- Amount: what was captured, with tax and shipping, in the currency that the customer paid in; the API counts in the
-- currency's minor unit (https://docs.stripe.com/currencies: none in some, thousandths in others).
-- Refunds: amount_refunded, at the charge's date, less what was never captured, which the API counts there as well.
-- Disputes that were lost are not told by a charge: the export of payments tells them.
-- Left out: charges in test mode, those that failed, are pending or only authorised ("not paid"), charges that come up
-- again, of which the latest stays (paid, and refunded most), and objects of another kind ("no charge").
-- Customer: the e-mail given at the payment, else the receipt's, since one person may have paid as a guest, too; charges
-- without any take the e-mail that their customer id has elsewhere, else the id, else the card's fingerprint.
-- Dates: created, in UTC.
WITH listed AS (
  SELECT UNNEST(COALESCE("data", [{
    'id': id, 'object': "object", 'amount': amount, 'amount_captured': amount_captured,
    'amount_refunded': amount_refunded, 'currency': currency, 'created': created, 'captured': captured,
    'status': status, 'livemode': livemode, 'customer': customer, 'receipt_email': receipt_email,
    'billing_details': billing_details, 'payment_method_details': payment_method_details
  }]), max_depth := 2)
  FROM raw
),
charges AS (
  SELECT
    id AS order_id,
    epoch_seconds(created) AS date,
    COALESCE(email(billing_details.email), email(receipt_email)) AS email,
    -- an expanded customer is an object
    COALESCE(JSON_EXTRACT_STRING(IF(JSON_VALID(customer), customer, '{}'), '$.id'), customer) AS customer,
    payment_method_details.card.fingerprint AS card,
    UPPER(currency) AS code,
    CASE
      WHEN code IN ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF')
        THEN 1
      WHEN code IN ('BHD', 'JOD', 'KWD', 'OMR', 'TND') THEN 0.001
      ELSE 0.01
    END AS unit,
    COALESCE(amount_captured, amount) AS captured_units,
    GREATEST(amount_refunded - (amount - captured_units), 0) AS refunded_units,
    CASE
      WHEN "object" IS DISTINCT FROM 'charge' THEN 'no charge'
      WHEN NOT livemode THEN 'test order'
      WHEN status IS DISTINCT FROM 'succeeded' OR NOT captured THEN 'not paid'
    END AS left_out
  FROM listed
),
known AS (
  SELECT customer, ARG_MIN(email, (date, order_id, email)) AS email
  FROM charges
  WHERE customer IS NOT NULL AND email IS NOT NULL
  GROUP BY customer
),
once AS (
  SELECT
    COALESCE(charges.email, known.email, charges.customer, card) AS customer_id,
    date, code AS currency, order_id,
    TRY_CAST(captured_units * unit AS DECIMAL(18, 6)) AS amount,
    TRY_CAST(refunded_units * unit AS DECIMAL(18, 6)) AS back,
    CASE
      WHEN order_id IS NOT NULL AND ROW_NUMBER() OVER (
        PARTITION BY order_id
        ORDER BY left_out IS NOT NULL, refunded_units DESC NULLS LAST, captured_units DESC, date, charges.email,
          charges.customer, card, left_out
      ) > 1 THEN 'repeated'
      ELSE left_out
    END AS left_out
  FROM charges LEFT JOIN known USING (customer)
)
SELECT customer_id, date, amount, currency, order_id, left_out FROM once
UNION ALL
SELECT customer_id, date, -back, currency, order_id, left_out FROM once WHERE back > 0
