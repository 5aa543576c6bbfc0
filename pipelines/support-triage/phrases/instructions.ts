/**
 * Words meant for a machine that reads the mail, not for the bank. What customers say of machines is no instruction: "the system message
 * says", "if you are a bot", "treat this mail as a complaint", "approve my request as soon as you can", "ignore my last mail".
 */
export const instructions: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:instructions?|rules|prompts?|guidelines|policy|policies|everything (?:above|before))/is,
  /\bsystem prompts?\b|\b(?:developer|hidden) (?:prompt|instructions?)\b/i,
  /\b(?:print|reveal|repeat|output|show|disclose)\b.{0,40}\b(?:system message|your (?:instructions|rules|configuration))\b/is,
  /(?<!\b(?:if|think|hope|guess|suppose|suspect|that|know|see|sure|whether|unless),? )\byou are (?:now )?(?:an? |the )?(?:unrestricted |uncensored |helpful |new )?(?:ai|a\.i\.|assistant|language model|chat ?bot|bot|agent|llm|gpt)\b/i,
  /\b(?:pretend|act|behave|respond|roleplay) (?:to be|as|like) (?:an? |the )?(?:ai|admin|administrator|developer|unrestricted|different|another)\b/i,
  /\b(?:new|updated) instructions?(?: are| is)?\s*:|(?:^|[.!?\n]\s{0,5})follow (?:these|the following|my) instructions\b/i,
  /\b(?:jailbreak|prompt injection|developer mode|dan mode|sudo mode)\b/i,
  /<\/?(?:system|assistant|instructions?|prompt)>|\[\/?(?:system|inst)\]|<<<|<\|/i,
  /\b(?:mark|classify|label|route|approve) this (?:message|e-?mail|mail|ticket|request) as\b(?! (?:soon|quickly|fast|urgent|early|a matter))/i,
  /(?<!\b(?:your|the bank's) )\b(?:automated|ai|language) (?:system|model|assistant|agent)s?\b(?:\s*[:,]|.{0,40}\b(?:must|shall|should) (?:now )?(?:ignore|reply|respond|send|approve|mark|classify|answer|transfer|forward|execute)\b)/is,
  /[A-Za-z0-9+/]{160,}/,
  /[\u{e0000}-\u{e007f}]|[\u200b\u2060\u2062-\u2064]{3,}/u,
  /\b(?:note|message|instructions?|memo) (?:to|for) (?:the |any |your )?(?:ai|a\.i\.|assistant|bot|chat ?bot|language model|llm|model|agent|automat\w+|machine|system)\b/i,
  /(?:^|[\n>*#-]\s{0,5})(?:system|assistant|ai|bot|admin|developer|ai agent|ai assistant)\s?:|\b(?:ai agent|ai assistant)\b/i,
  /<!--|\bdisplay:\s?none\b/i,
  /\btreat (?:this|the) (?:sender|customer|user|account|client|caller|mail|message|request)\b.{0,40}\bas (?:a |an )?(?:verified|trusted|approved|authori[sz]ed|safe|admin\w*|vip|priority)/i,
  /\b(?:skip|bypass|disable|turn off) (?:all |any |the |your )?(?:security |identity |safety |usual |further |human )?(?:checks?|review|verification step|controls)\b/i,
  /\b(?:answer|reply|respond) (?:only |just |simply )?with (?:only |just )?(?:the )?(?:word|phrase|number|text|json)\b|\b(?:in|when) (?:your (?:reply|answer|response)|(?:you )?(?:answering|replying|reply|answer|respond\w*) (?:to )?this)\b.{0,40}\b(?:include|insert|append|write exactly|confirm that|say that|copy)\b/is,
  /\b(?:confirm|state|say)\b.{0,30}\bmy account (?:is|was|has been) credited\b|\b(?:include|insert|append|paste) (?:the|this) (?:following )?(?:link|text|url|paragraph)\b/is,
  /\bi (?:hereby )?authori[sz]e you to\b|\bas (?:the|an|your) (?:administrator|ceo|chief \w+ officer|security officer|developer|bank's \w+)\b/i,
]
