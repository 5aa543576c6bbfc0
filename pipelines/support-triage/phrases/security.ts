/**
 * Fraud, theft, or somebody else's hand in the account, in a question that reads as an ordinary one. A loss alone is not among them: who has
 * found a card again tells of it, and its intent says the rest.
 */
export const security: readonly RegExp[] = [
  /\b(?:scam\w*|fraud\w*|phish\w*|smish\w*|spoof\w*|swindl\w*|con ?m[ae]n|impersonat\w*|hack(?:ed|er|ers|ing)|malware|identity theft|compromised|tampered|skimm\w+|cloned)\b/i,
  /\b(?:stolen|stole|theft|thief|robbed|robbery(?<!daylight robbery)|mugged|burgl\w+|pick ?pocket\w*|snatched|nicked|broke into|broken into)\b/i,
  /\b(?:safe account|any ?desk|team ?viewer|remote access|screen ?shar\w+|money mule|wallet address|binary options?|forex broker|gift cards? (?:and|to) (?:send|pay))\b/i,
  /\b(?:without (?:my|our|asking|telling) (?:me|us|permission|knowledge|consent|approval|authori[sz]ation|doing)|(?:did(?: not|n['’]?t)|have(?: not|n['’]?t)|never) (?:authori[sz]ed?|made|make|approved?) (?:it|this|that|these|those|them|any|the)|(?:have|['’]ve|has) never (?:been|shopped|bought|heard|visited|dealt)|(?:was(?: not|n['’]?t)|not) (?:me|done by me|mine)\b(?! but))/i,
  /\b(?:(?:don['’]?t|do not|didn['’]?t|did not) (?:recogni[sz]e|know who (?:this|that|they|it))|unauthori[sz]ed|suspicious\w*|unknown (?:payment|transaction|merchant|person|number|device|login)|strange(?:r| man| person| call| text| sms| e-?mail)s?)\b/i,
  /\b(?:some(?:one|body)|a (?:man|woman|lady|guy|caller|person|stranger)|he|she|they)\b.{0,60}\b(?:(?:called|rang|phoned|texted|messaged) (?:me|us)|(?:asked|told|wants?|asks|tells?) (?:me|us) (?:for|to)\b.{0,30}\b(?:code|pin|passcode|password|transfer|move|send|pay|card number|money))/is,
  /\b(?:he|she|they|some(?:one|body)|(?:my|our|the|a) (?!app\b|machine\b|phone\b|wallet\b)\w+(?: \w+)?) (?:has |have |had |is |was |keeps |always )?(?:used|uses|using|took|taken|takes|has|got|borrowed|knows|saw|seen) (?:my|our) (?:card|pin|passcode|password|phone|login|account|details)\b/i,
  /\b(?:met|know|found|talk\w*|chat\w*) (?:him|her|them|someone|somebody|a \w+)? ?(?:only )?(?:online|on (?:the internet|whatsapp|telegram|tinder|instagram|facebook|a dating))\b|\b(?:whatsapp|telegram)\b/i,
  /\b(?:seller|shop|website|site|landlord|broker|trader|page|profile)\b.{0,60}\b(?:vanished|disappeared|gone|blocked me|fake|does(?: not|n['’]?t) exist|no longer (?:answers|exists|replies))\b|\b(?:did(?: not|n['’]?t)|never) (?:change|request|order|ask for|sign up for|do) (?:it|this|that|them|any(?:thing)?|one)\b|\b(?:took|taken|takes|grabbed) (?:the|my) (?:card|phone|wallet|purse) (?:from|out of|without)\b|\b(?:may|might|could|must) have (?:seen|copied|read|photographed|noted)\b|\b(?:phone|number|line) (?:is|was|seems|went) (?:dead|unreachable|disconnected)\b|\bfake (?:site|website|page|shop|seller|link|email|text)\b/is,
  /\b(?:envelope|letter|packag\w+|parcel)\b.{0,50}\b(?:opened|open already|torn|ripped|glued|resealed|damaged)\b/is,
  /\b(?:clicked|tapped|followed|opened)\b.{0,30}\b(?:a|the|that|this) (?:\w+ )?link\b|\b(?:gave|given|told|shared|sent|read)\b.{0,30}\b(?:him|her|them|someone|somebody)\b.{0,30}\b(?:code|pin|password|details|number)\b/is,
  /\bis (?:this|that|it)\b.{0,30}\b(?:really|genuinely|actually)\b.{0,15}\b(?:you|from you|northbank|the bank|genuine|legit\w*)\b|\b(?:freeze|block|stop) (?:everything|my (?:card|account)s?) (?:now|immediately|at once|straight ?away|right (?:now|away)|asap|urgently)/i,
]
