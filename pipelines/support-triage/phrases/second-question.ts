/**
 * A second matter is named as one, or asked as one: in a numbered list, or after a first question with an `and` of its own that does not
 * speak of `it`. Two question marks alone are often one worry, asked twice, and "I tried a few things" is one worry told at length.
 */
export const secondQuestions: readonly RegExp[] = [
  /\b(?:(?<!\b(?:no|any) )(?:another|second|separate|other|unrelated|further|different) (?:question|thing|issue|matter|request|topic|query|problem)|one (?:more|other|last|further) (?:question|thing|issue|matter|request|point)|(?<!\b(?:tried|try|checked|did|bought|ordered|for) (?:out )?(?:a |these |those |all )?)(?:two|three|couple of|few) (?:questions|things|issues|matters|requests|points)|on (?:another|a different|a separate) (?:note|matter|topic|subject)|by the way|btw|while i(?:'m| am) (?:at it|writing|here)|unrelated,? but|in addition,? (?:i|can|could|would|how|what|is|do)|(?:and )?(?:can|could) you also|i also (?:want|need|would like|wanted|have a question|wonder\w*))\b/i,
  /(?:^|[.!?\n]\s{0,5})(?:also|secondly|additionally|besides|separately|oh,? and|and also|p\.?s\.?)\b(?!,? (?:i(?:'ve| have)? )?(?:tried|checked|restarted|updated|the same)\b)/i,
  /\?\s{1,5}and (?:why|what|where|who|which|can|could|how(?! (?:long|much|many|often|soon)\b))\b(?!.{0,40}\b(?:it|this|that|them|one)\b)/i,
  /(?<!\b(?:how|when|what)),? and (?:how|where) (?:do|can|could|may|should) (?:i|we)\b(?!.{0,25}\b(?:it|this|that|them|one|so)\b)/i,
  /(?:^|\n)\s{0,5}(?:1|a)[.)] [^\n]{5,300}\n\s{0,5}(?:2|b)[.)] [^\n]{5,300}\?/i,
  /(?:^|\s)\(?1[.):]\s?[^\d\s].{5,200}?\s\(?2[.):]\s?[^\d\s]/is,
  /\?\s{1,5}(?:and )?(?:what|how) about\b|\?\s{1,5}(?:oh|plus|then)\b,? |\?\s{1,5}(?:my|the|our|a) [^.?!]{3,80}\b(?:as well|too)\b/i,
  /\b(?:a |these |the following )?(?:(?:2|3|two|three|several|some|a few|few|couple of|multiple) (?:different |quick |small |more )?(?:questions|queries|enquiries|issues|requests))\b|\b(?:couple of|two|2|several) things (?:to ask|please|really|that i)\b/i,
]
