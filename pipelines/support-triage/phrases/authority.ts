/** The law, an authority, the press, or somebody who writes about another person's account: a canned reply could bind the bank, or tell too much. */
export const authority: readonly RegExp[] = [
  /\b(?:gdpr|data protection|subject access|right to be forgotten|information commissioner|ico complaint)\b|\b(?:delete|erase|copy of|access to) (?:all )?(?:of )?(?:my|the|our) (?:personal )?(?:data|information|records)\b/i,
  /\b(?:on behalf of|power of attorney|attorney|lpa|executor|executrix|probate|next of kin|legal guardian|guardianship|deputyship|court of protection|third.party mandate)\b/i,
  /\b(?:my|our|his|her|their) client(?:'s|’s|s)?\b|\b(?:law firm|legal (?:representative|department|advice|proceedings|notice|claim|team|matter)|letter before (?:action|claim)|small claims|proceedings|tribunal|court (?:order|case|date|hearing)|in court|to court|subpoena|injunction|liable|liability)\b/i,
  /\b(?:police|constable|crime (?:number|reference)|investigat(?:ing|ion) (?:an?|the|into)|hmrc|tax authority|inland revenue|bailiffs?|debt collect\w+|insolven\w+|bankrupt\w*|trustee|garnish\w*)\b/i,
  /\b(?:fca|prudential regulation|financial conduct|bafin|trading standards|consumer (?:protection|association|advice)|citizens advice)\b/i,
  /\b(?:journalist|reporter|newspaper|press (?:office|enquiry|inquiry|request)|documentary|for (?:a|an|the|my|our) (?:report|article|piece|story|thesis|study|survey|programme|podcast)|(?:writing|working on) an? (?:article|piece|story))\b/i,
  /\b(?:divorce\w*|separat(?:ed|ing|ion) from|my ex(?:[- ](?:wife|husband|partner|boyfriend|girlfriend))?|joint account holder)\b/i,
  /\b(?:my|our) (?:late |elderly )?(?:husband|wife|partner|mother|father|mum|mom|dad|son|daughter|brother|sister|uncle|aunt|gran\w*|grand\w+|neighbou?r|friend|boss|employee|colleague|parents?)(?:'s|’s) (?:card|pin|passcode|password|phone|details|savings)\b|\b(?:access to|get into|manage|control|close|see|use|using) (?:my|our|his|her) (?:\w+(?:'s|’s) )?account\b(?<!(?:my|our) account)/i,
  /\b(?:asked me to (?:write|ask|contact)|(?:i am|i'm|i’m) (?:writing|asking|acting) for (?:my|a|the)|power over (?:his|her)|(?:ex-|former |one of our )(?:employee|staff)\w*)\b/i,
]
