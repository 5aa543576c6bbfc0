import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newestText } from './newest-text.ts'

const quote = '\n\n> Hello,\n> what is your order number?\n> Kind regards\n'
const address = 'Help Desk <help@bank.example>'

/** Each mail program's way to head what it quotes. The newest text is always the first line. */
const headings: readonly (readonly [string, string])[] = [
  ['Gmail EN', `On Tue, Nov 17, 2026 at 4:05 PM ${address} wrote:${quote}`],
  ['Gmail EN, wrapped', `On Tue, Nov 17, 2026 at 4:05 PM Help Desk <\nhelp@bank.example> wrote:${quote}`],
  ['Gmail DE', `Am Di., 17. Nov. 2026 um 16:05 Uhr schrieb ${address}:${quote}`],
  ['Gmail FR', `Le mar. 17 nov. 2026 à 16:05, ${address} a\nécrit :${quote}`],
  ['Gmail ES', `El mar, 17 nov 2026 a las 16:05, Help Desk (<help@bank.example>) escribió:${quote}`],
  ['Gmail IT', `Il giorno mar 17 nov 2026 alle ore 16:05 ${address} ha\nscritto:${quote}`],
  ['Gmail NL', `Op di 17 nov 2026 om 16:05 schreef ${address}:${quote}`],
  ['Gmail PL', `wt., 17 lis 2026 o 16:05 ${address} napisał(a):${quote}`],
  ['Gmail PT', `${address} escreveu (terça, 17/11/2026 à(s) 16:05):${quote}`],
  ['Gmail PT, older', `Em ter., 17 de nov. de 2026 às 16:05, ${address} escreveu:${quote}`],
  ['Gmail JA', `2026年11月17日(火) 16:05 ${address}:${quote}`],
  ['Gmail ZH', `${address} 于2026年11月17日周二 16:05写道：${quote}`],
  ['a language nobody listed', `ti 17. marrask. 2026 klo 16:05 ${address} kirjoitti:${quote}`],
  ['Thunderbird PL', `W dniu 17.11.2026 o 16:05, Help Desk pisze:${quote}`],
  ['Thunderbird without a quote mark', `On 17/11/26 16:05, Help Desk wrote:\n\nHello,\nwhat is your order number?`],
  ['Apple Mail', `> On 17 Nov 2026, at 16:05, ${address} wrote:\n> \n> what is your order number?`],
  [
    'Proton',
    `Sent with Proton Mail secure email.\n\n------- Original Message -------\nOn Tuesday, November 17th, 2026 at 4:05 PM, ${address} wrote:${quote}`,
  ],
  ['Proton without its rule', `On Tuesday, November 17th, 2026 at 4:05 PM, ${address} wrote:${quote}`],
  [
    'GMX',
    `Gesendet: Dienstag, 17. November 2026 um 16:05 Uhr\nVon: "Help Desk" <help@bank.example>\nAn: ann@mail.example\nBetreff: Re: Order\n\nHello`,
  ],
  [
    'Outlook EN',
    `From: ${address}\nSent: Tuesday, November 17, 2026 4:05 PM\nTo: Ann <ann@mail.example>\nSubject: RE: Order\n\nHello`,
  ],
  ['Outlook FR', `De : Help Desk\nEnvoyé : mardi 17 novembre 2026 16:05\nÀ : Ann\nObjet : RE: Commande\n\nBonjour`],
  [
    'Outlook ES',
    `De: ${address}\nEnviado el: martes, 17 de noviembre de 2026 16:05\nPara: Ann\nAsunto: RE: Pedido\n\nHola`,
  ],
  ['Outlook IT', `Da: ${address}\nInviato: martedì 17 novembre 2026 16:05\nA: Ann\nOggetto: R: Ordine\n\nCiao`],
  [
    'Outlook NL',
    `Van: ${address}\nVerzonden: dinsdag 17 november 2026 16:05\nAan: Ann\nOnderwerp: RE: Bestelling\n\nHallo`,
  ],
  ['Outlook PL', `Od: ${address}\nWysłano: wtorek, 17 listopada 2026 16:05\nDo: Ann\nTemat: RE: Zamówienie\n\nWitam`],
  [
    'Outlook PT',
    `De: ${address}\nEnviada em: terça-feira, 17 de novembro de 2026 16:05\nPara: Ann\nAssunto: RE: Pedido\n\nOlá`,
  ],
  [
    'Outlook, bold',
    `*From:* ${address}\n*Sent:* Tuesday, November 17, 2026 4:05 PM\n*To:* Ann\n*Subject:* RE: Order\n\nHello`,
  ],
  [
    'Outlook, a rule before it',
    `________________________________\nFrom: ${address}\nSent: 17 November 2026\nTo: Ann\n\nHello`,
  ],
  ['an old client', `-----Original Message-----\nHello`],
  ['an old client DE', `-----Ursprüngliche Nachricht-----\nHallo`],
  ['a ticket system', `##- Please type your reply above this line -##\n\nHello`],
  ['a ticket system, dashes', `--- Reply above this line ---\nHello`],
  ['a ticket system DE', `=== Bitte antworten Sie oberhalb dieser Zeile ===\nHallo`],
  [
    'a forward below a word',
    `---------- Forwarded message ---------\nFrom: Shop <s@x.example>\nSubject: Pay\n\nPay 20 EUR`,
  ],
  [
    'quotes in quotes',
    `Am 17.11.26 um 16:05 schrieb Help Desk:\n> Hallo,\n>> Am 16.11.26 um 08:00 schrieb Ann:\n>> Es geht nicht.\n> Bitte neu starten.`,
  ],
]

const questions = [
  'My card did not arrive, order 5512.',
  'Meine Karte ist nicht angekommen, und zwar seit Wochen!',
  'Le virement du 3 mai n’est pas arrivé.',
  '¿Dónde está mi tarjeta?',
  'Non riesco ad accedere.',
  'Waar is mijn pas?',
  'Gdzie jest moja karta?',
  'Onde está o meu cartão?',
]

test.each(headings)('%s: what is quoted goes, what is new stays', (_, rest) => {
  for (const question of questions) {
    expect(newestText(`${question}\n\n${rest}`)).toBe(question)
    expect(newestText(`${question}\n\n${rest}`.replaceAll('\n', '\r\n'))).toBe(question)
  }
})

test.each([
  ['a telephone EN', 'Sent from my iPhone'],
  ['a telephone DE', 'Von meinem iPhone gesendet'],
  ['a telephone FR', 'Envoyé de mon iPhone'],
  ['a telephone ES', 'Enviado desde mi iPhone'],
  ['a telephone IT', 'Inviato da iPhone'],
  ['a telephone NL', 'Verstuurd vanaf mijn iPhone'],
  ['a telephone PL', 'Wysłane z iPhone’a'],
  ['a telephone PT', 'Enviado do meu iPhone'],
  ['Outlook', 'Get Outlook for iOS<https://aka.ms/o0ukef>\n________________________________'],
  ['a signature', '-- \nAnn Other\nCTO'],
  ['Outlook, sent from', 'Sent from Outlook for iOS'],
  ['Outlook DE', 'Outlook für iOS<https://aka.ms/o0ukef> beziehen'],
  ['Outlook FR', 'Obtenir Outlook pour Android<https://aka.ms/AAb9ysg>'],
  ['Outlook ES', 'Obtener Outlook para iOS<https://aka.ms/o0ukef>'],
  ['Outlook IT', 'Scarica Outlook per iOS<https://aka.ms/o0ukef>'],
  ['Outlook NL', 'Outlook voor Android<https://aka.ms/AAb9ysg> downloaden'],
  ['Outlook PL', 'Pobierz aplikację Outlook dla systemu iOS<https://aka.ms/o0ukef>'],
  ['Outlook PT', 'Obter o Outlook para Android<https://aka.ms/AAb9ysg>'],
  ['Windows FR', 'Envoyé à partir de Courrier pour Windows'],
  ['Windows FR, newer', 'Provenance : Courrier pour Windows'],
  ['Yahoo IT', 'Inviato da Yahoo Mail su Android'],
  ['Samsung DE', 'Von meinem/meiner Galaxy gesendet'],
  ['Samsung PL', 'Wysłano z urządzenia Galaxy'],
  ['K-9', 'Sent from my Android device with K-9 Mail. Please excuse my brevity.'],
  ['Proton', 'Sent with [Proton Mail](https://proton.me/mail/home) secure email.'],
  ['a rule', '________________'],
])('the signature of %s goes', (_, signature) => {
  expect(newestText(`Where is my card?\n\n${signature}\n`)).toBe('Where is my card?')
})

test.each([
  [
    'answers between the quotes',
    `Hi, see below.\n\nOn 16/11/2026 09:12, Desk wrote:\n> Which version?\n\n2.3.1.\n\n> Restarted?\n\nYes, twice.`,
    'Hi, see below.\n\n2.3.1.\n\nYes, twice.',
  ],
  [
    'the answer below',
    `On Mon, Nov 16, 2026 at 9:12 AM Desk <d@x.example> wrote:\n\n> Is it 5512?\n\nNo, 5521.`,
    'No, 5521.',
  ],
  [
    'a forward alone',
    '---------- Forwarded message ---------\nFrom: a@x.example\n\nPay now.',
    '---------- Forwarded message ---------\nFrom: a@x.example\n\nPay now.',
  ],
  [
    'a forward alone, quoted',
    '> Begin forwarded message:\n> From: a@x.example\n> Pay now.',
    '> Begin forwarded message:\n> From: a@x.example\n> Pay now.',
  ],
  ['a signature alone', '\n-- \nMartin Krause\nHead of Sales', ''],
  [
    'a signature mark above a text',
    '\n-- \nthe first item is wrong.\nthe second too?',
    '-- \nthe first item is wrong.\nthe second too?',
  ],
  [
    'an answer below the quote that follows a signature',
    'See below.\n\n-- \nAnn\n\nOn 16/11/2026 09:12, Desk wrote:\n> Is it 5512?\n\nNo, 5521.',
    'See below.\n\nNo, 5521.',
  ],
  ['a mark without its blank', 'It fails.\n\n--\nAnn Other\n+44 20 7946 0018', 'It fails.'],
  ['lines of hard blanks', 'Hello,\n\u00a0\n\u00a0\n\u00a0\nit fails.', 'Hello,\n\nit fails.'],
  [
    'words like headers above the true ones',
    'Nothing came.\nFrom: that day on I waited.\n\nFrom: Desk\nSent: Monday, November 16, 2026\nTo: Ann\nSubject: RE: Card\n\nHello',
    'Nothing came.\nFrom: that day on I waited.',
  ],
  [
    'a quote in its heading’s line',
    'Not yet.\n\n  Il mar, 10 nov, 2026 alle 9:14, Desk<d@x.example> ha scritto:   È arrivato?',
    'Not yet.',
  ],
  ['nothing', '', ''],
  ['quotes alone', '> a\n> b', ''],
])('%s', (_, mail, text) => {
  expect(newestText(mail)).toBe(text)
})

test.each([
  'Hello,\nthe header shows\nFrom: noreply@bank.example\nand I think that is wrong.\n--\nThe second item is wrong too.\nRegards, Ann',
  'On Monday your colleague wrote: we will refund you.\nNothing came.',
  'On 16 May your colleague wrote this:\nWe will refund you.\nBut nothing came.',
  'Am 3. Mai schrieb mir Ihr Kollege Folgendes:\nWir erstatten das Geld.\nEs kam nichts.',
  'My journey:\nVon: Berlin\nAn: Köln\nDatum: 12.5.2026\nWas it charged twice?',
  'You ask me to reply above this line, but there is none.\nPlease call me.',
  'A list:\n- one\n-- two\n--- three\nThat was it.',
  'The rates are\n2026年11月17日 was the day\nand nothing else.',
  'I said that I was sent from my bank to yours.\nNow what?',
  'Which account was it?\nSent from my savings account to yours.',
  'Was ist passiert?\nGesendet von Konto 1 an Konto 2.',
  'It stopped.\nGet Outlook to show the code please',
  'Two points:\n--\nThe card is new.\nThe PIN is old.',
])('a person’s own words stay: %j', (mail) => {
  expect(newestText(mail)).toBe(mail)
})

const word = fc.constantFrom(
  'card',
  'Karte',
  'On',
  'wrote',
  'schrieb',
  '16.11.2026',
  '9:12',
  'From',
  'Von',
  'Sent',
  '--',
  '-',
  'reply',
  'above',
  '>',
  'naïve',
  '€5',
  'ł',
)
const plainLine = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => `I ${words.join(' ')}.`)
const blanks = fc.constantFrom('', '', '\n')

test('no line before the first quote is lost, whatever words it has', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(plainLine, blanks), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(...headings.map(([, rest]) => rest), ''),
      (lines, rest) => {
        const own = lines.map(([line, blank]) => line + blank).join('\n')
        expect(newestText(`${own}\n\n${rest}`)).toBe(own.trim())
      },
    ),
    { numRuns: 300 },
  )
})

test('any text at all is read, and nothing is made up', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...headings.flat())), { maxLength: 10 }),
      (parts) => {
        const text = parts.join('\n').replaceAll(/\r\n?/g, '\n')
        const lines = new Set(
          text
            .replaceAll(/[\u200b\ufeff]/g, '')
            .split('\n')
            .map((line) => line.trim()),
        )
        for (const line of newestText(text).split('\n')) expect(lines.has(line.trim()) || line === '').toBe(true)
      },
    ),
  )
})

// A quadratic rule would run into the limit of the test: these take milliseconds each.
test.each([
  ['empty lines', '\n'.repeat(1_000_000)],
  ['blanks', ' '.repeat(1_000_000)],
  ['lines of blanks', `${' '.repeat(299)}\n`.repeat(3500)],
  ['`On` and blanks', `On${' '.repeat(297)}\n`.repeat(3500)],
  ['`On` and no end', `${'On 16.11.2026 wrote '.repeat(14)}\n`.repeat(3500)],
  ['headings without quotes', 'On 16.11.2026 Ann wrote this:\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n'.repeat(20_000)],
  ['header words', 'From: a\n'.repeat(125_000)],
  ['rules', `${'-'.repeat(299)}\n`.repeat(3500)],
  ['quote marks', `${'> '.repeat(149)}\n`.repeat(3500)],
  ['marks without a word', `${'#-= '.repeat(74)}\n`.repeat(3500)],
])('1 MB of %s', (_, text) => {
  expect(newestText(`first\n${text}`).startsWith('first')).toBe(true)
})
