import type { Intent } from './intents.ts'

export const teams = ['cards', 'payments', 'transfers', 'top-ups', 'accounts', 'security', 'general'] as const
export type Team = (typeof teams)[number]

/** Who is at home in an intent, and whether a canned reply may go out without a person having seen it. */
interface Desk {
  readonly team: Team
  readonly answer: 'at-once' | 'by-a-person'
}

const atOnce = (team: Team): Desk => ({ team, answer: 'at-once' })
const byAPerson = (team: Team): Desk => ({ team, answer: 'by-a-person' })

/**
 * Every intent has its desk. By a person: what may be fraud or loss, what moves or gives back money, what ends the relation, and what
 * only a look into the account can answer.
 */
export const desks: Readonly<Record<Intent, Desk>> = {
  activate_my_card: atOnce('cards'),
  apple_pay_or_google_pay: atOnce('cards'),
  atm_support: atOnce('cards'),
  card_about_to_expire: atOnce('cards'),
  card_acceptance: atOnce('cards'),
  card_arrival: atOnce('cards'),
  card_delivery_estimate: atOnce('cards'),
  card_linking: atOnce('cards'),
  card_not_working: atOnce('cards'),
  card_swallowed: byAPerson('cards'),
  change_pin: atOnce('cards'),
  contactless_not_working: atOnce('cards'),
  disposable_card_limits: atOnce('cards'),
  get_disposable_virtual_card: atOnce('cards'),
  get_physical_card: atOnce('cards'),
  getting_spare_card: atOnce('cards'),
  getting_virtual_card: atOnce('cards'),
  order_physical_card: atOnce('cards'),
  pin_blocked: byAPerson('cards'),
  virtual_card_not_working: atOnce('cards'),
  visa_or_mastercard: atOnce('cards'),

  card_payment_fee_charged: atOnce('payments'),
  card_payment_wrong_exchange_rate: atOnce('payments'),
  cash_withdrawal_charge: atOnce('payments'),
  declined_card_payment: atOnce('payments'),
  declined_cash_withdrawal: atOnce('payments'),
  extra_charge_on_statement: atOnce('payments'),
  pending_card_payment: atOnce('payments'),
  pending_cash_withdrawal: atOnce('payments'),
  Refund_not_showing_up: byAPerson('payments'),
  request_refund: byAPerson('payments'),
  'reverted_card_payment?': byAPerson('payments'),
  transaction_charged_twice: byAPerson('payments'),
  wrong_amount_of_cash_received: byAPerson('payments'),
  wrong_exchange_rate_for_cash_withdrawal: atOnce('payments'),

  balance_not_updated_after_bank_transfer: byAPerson('transfers'),
  beneficiary_not_allowed: byAPerson('transfers'),
  cancel_transfer: atOnce('transfers'),
  declined_transfer: byAPerson('transfers'),
  failed_transfer: byAPerson('transfers'),
  pending_transfer: atOnce('transfers'),
  receiving_money: atOnce('transfers'),
  transfer_fee_charged: atOnce('transfers'),
  transfer_into_account: atOnce('transfers'),
  transfer_not_received_by_recipient: byAPerson('transfers'),
  transfer_timing: atOnce('transfers'),

  automatic_top_up: atOnce('top-ups'),
  balance_not_updated_after_cheque_or_cash_deposit: byAPerson('top-ups'),
  pending_top_up: atOnce('top-ups'),
  supported_cards_and_currencies: atOnce('top-ups'),
  top_up_by_bank_transfer_charge: atOnce('top-ups'),
  top_up_by_card_charge: atOnce('top-ups'),
  top_up_by_cash_or_cheque: atOnce('top-ups'),
  top_up_failed: atOnce('top-ups'),
  top_up_limits: atOnce('top-ups'),
  top_up_reverted: atOnce('top-ups'),
  topping_up_by_card: atOnce('top-ups'),
  verify_top_up: atOnce('top-ups'),

  age_limit: atOnce('accounts'),
  country_support: atOnce('accounts'),
  edit_personal_details: atOnce('accounts'),
  exchange_charge: atOnce('accounts'),
  exchange_rate: atOnce('accounts'),
  exchange_via_app: atOnce('accounts'),
  fiat_currency_support: atOnce('accounts'),
  terminate_account: byAPerson('accounts'),
  unable_to_verify_identity: byAPerson('accounts'),
  verify_my_identity: atOnce('accounts'),
  verify_source_of_funds: byAPerson('accounts'),
  why_verify_identity: atOnce('accounts'),

  card_payment_not_recognised: byAPerson('security'),
  cash_withdrawal_not_recognised: byAPerson('security'),
  compromised_card: byAPerson('security'),
  direct_debit_payment_not_recognised: byAPerson('security'),
  lost_or_stolen_card: byAPerson('security'),
  lost_or_stolen_phone: byAPerson('security'),
  passcode_forgotten: byAPerson('security'),
}
