/** What customers write to a bank, one question each; written for this benchmark. Lengths are those of such messages: 3 to 40 words. */
const stems = [
  'Where is my card?',
  'How do I change my PIN?',
  'My top up failed, why?',
  'Is there a fee for using a cash machine abroad?',
  'I was charged twice for the same coffee this morning.',
  'Can my daughter open an account if she is sixteen?',
  'The exchange rate on my statement is not the one that I saw in the app.',
  'I need to send money to my landlord in Poland, how long will the transfer take?',
  'My phone was stolen at the station last night and I am afraid that somebody can get into my account.',
  'I paid a cheque in at the branch on Monday and the money still does not show up in my balance, although the receipt says two days.',
  'Please cancel the transfer that I made an hour ago because I typed the wrong account number and the money must not go to that person.',
  'I have been waiting for my refund from the shop since the beginning of the month and the seller says that the money left their account long ago, so where is it?',
]
const endings = ['', ' today', ' since Friday', ' in euros', ' with the new card', ' for the second time this week']

/** Distinct texts of mixed lengths, in an order that mixes them. */
export function benchTexts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const stem = stems[(i * 7) % stems.length] ?? ''
    const ending = endings[Math.floor(i / stems.length) % endings.length] ?? ''
    return `${stem.slice(0, -1)}${ending}${stem.slice(-1)}`
  })
}
