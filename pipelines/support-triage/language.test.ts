import { expect, test } from 'vitest'
import { isOtherLanguage } from './language.ts'

test.each([
  ['German', 'Wie kann ich meine Karte sperren?'],
  ['German', 'Wo bleibt mein Geld? Ich warte schon seit Montag.'],
  ['German', 'Überweisung nicht angekommen, bitte um Rückruf'],
  ['French', 'Comment changer le code de ma carte ?'],
  ['French', 'Je ne peux plus ouvrir mon compte depuis hier.'],
  ['Spanish', '¿Cuándo llega mi tarjeta nueva?'],
  ['Spanish', 'Quiero cerrar mi cuenta, por favor.'],
  ['Italian', 'Come posso ricaricare il mio conto?'],
  ['Italian', 'La mia carta non funziona più da ieri.'],
  ['Dutch', 'Hoe kan ik mijn pincode wijzigen?'],
  ['Dutch', 'Mijn betaling is nog niet aangekomen.'],
  ['Polish', 'Jak mogę zmienić adres na koncie?'],
  ['Polish', 'Nie działa moja karta, co mam zrobić?'],
  ['Portuguese', 'Como posso cancelar uma transferência?'],
  ['Portuguese', 'O meu cartão ainda não chegou.'],
  ['Swedish', 'Kortet är spärrat, hur öppnar man det på nytt?'],
  ['Czech', 'Platba kartou včera neproběhla, děkuji předem'],
  ['Greek', 'Πότε θα έρθει η κάρτα μου;'],
  ['Russian', 'Где моя карта?'],
  ['Japanese', 'カードが届きません'],
])('%s is not taken for English, which would be classified at random: %s', (_language, text) => {
  expect(isOtherLanguage(text)).toBe(true)
})

test.each([
  'PIN change',
  'card?',
  'Where is my card',
  'My card was eaten by an ATM in El Paso.',
  "I'd prefer a Mastercard.",
  'The payment to Café Zürich is still pending.',
  'I paid for a de Havilland model kit and the payment was declined.',
  'top up failed again pls help',
  'Transfer to São Paulo pending',
  'Is Apple Pay supported on a Huawei?',
  'ATM swallowed card Las Palmas',
  'Regards, Jürgen Müller-Lüdenscheidt',
  'How do I add Łukasz Żółć as a payee? He banks in Łódź.',
  'When will the refund from La Boulangerie du Port et des Halles be in my account?',
  '',
])('English stays English, also with foreign names in it: %s', (text) => {
  expect(isOtherLanguage(text)).toBe(false)
})

test('an English answer over a quoted line in another language is English', () => {
  expect(
    isOtherLanguage('The app says "Karte ist gesperrt". What does that mean and how do I get the card unblocked?'),
  ).toBe(false)
})
