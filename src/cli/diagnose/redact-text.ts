/** What stands in place of a secret. */
export const REDACTED = '<redacted>';

const SECRET_WORD = String.raw`pass(?:word|wd|phrase|code)?|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?key(?:[_-]data)?|certificate[_-]key|credentials?|auth|psk|hashed_passwd`;
/** Bounded, so that no text takes long. A name that ends in such a word, or goes on with what makes it no name of a file or a switch. */
const SECRET_NAME = String.raw`[\w.-]{0,40}?(?:${SECRET_WORD})(?:[_-]?(?:data|value|text|hash|id|string))?`;
const QUOTED = String.raw`\\?"(?:\\.|[^"\\])*\\?"|'(?:''|[^'])*'`;

type Rule = readonly [pattern: RegExp, replace: string | ((match: string, ...groups: string[]) => string)];

const RULES: readonly Rule[] = [
  // Cut off at its end, or with \n for its line ends, it is one all the same.
  [
    /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|(?![A-Za-z0-9+/=\s\\:,-])|$(?![\s\S]))/g,
    REDACTED,
  ],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"'<>]+@/gi, `$1${REDACTED}@`],
  [/\b(https?:\/\/[^\s"'<>?\\]{1,1000})\?[^\s"'<>\\]*/gi, `$1?${REDACTED}`],
  [
    /\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1|argon2[a-z]*|scrypt|pbkdf2[a-z0-9-]*)\$[./A-Za-z0-9$=,+-]{8,}/g,
    REDACTED,
  ],
  [/\{(?:S?SHA(?:256|512)?|CRYPT|SMD5)\}[A-Za-z0-9+/=$.]{8,}/g, REDACTED],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, REDACTED],
  [
    /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16})/g,
    REDACTED,
  ],
  // A bootstrap token of kubeadm; names of events look like one.
  [/(?<!"name": "|name: )\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, REDACTED],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/-]{6,}=*/gi, `$1 ${REDACTED}`],
  [new RegExp(String.raw`(<(${SECRET_NAME})(?:\s[^<>]*)?>)[^<]*(?=</)`, 'gi'), `$1${REDACTED}`],
  [new RegExp(String.raw`(--?(?:${SECRET_NAME})(?:=|\s+))(?:${QUOTED}|[^\s"',]+)`, 'gi'), `$1${REDACTED}`],
  [
    new RegExp(
      String.raw`((?:\\?["'])?\b${SECRET_NAME}(?:\\?["'])?\s*[:=]\s*)(${QUOTED}|[^\s"'][^\n]*)`,
      'gi',
    ),
    keepHarmless,
  ],
];

/** Text without what looks like a secret, and without the secrets that are known. More may go than had to. */
export function redactText(text: string, secrets: Iterable<string> = []): string {
  let left = text;
  for (const secret of secrets) left = left.replaceAll(secret, REDACTED);
  for (const [pattern, replace] of RULES) {
    left =
      typeof replace === 'string' ? left.replaceAll(pattern, replace) : left.replaceAll(pattern, replace);
  }
  return left;
}

/** What is no value of a secret: yes or no, nothing, or what was redacted before. A value in quotes keeps them. */
function keepHarmless(match: string, name: string, value: string): string {
  const bare = value.replaceAll(/^\\?["']|\\?["']$/g, '').trim();
  if (/^(|true|false|yes|no|null|none|~|\{|\[|\|[-+]?|>[-+]?)$/i.test(bare) || bare.startsWith(REDACTED))
    return match;
  const quote = /^\\?["']/.exec(value)?.[0];
  return quote === undefined ? `${name}${REDACTED}` : `${name}${quote}${REDACTED}${quote}`;
}

/** What is shorter stands elsewhere for something else. */
const SHORTEST = { known: 4, likely: 8 };
/** More than a lab has; each is looked for in all that is collected. */
const MOST = 10_000;

export interface SecretList {
  /** Those that contain others first. */
  readonly secrets: readonly string[];
  /** How many were too many. */
  readonly left: number;
}

/**
 * Secrets to look for.
 * @param known files of secrets hold them; @param likely users wrote them where secrets may be
 */
export function secretList(
  known: readonly string[],
  likely: readonly string[] = [],
  most = MOST,
): SecretList {
  const wanted = [...new Set([...longer(known, SHORTEST.known), ...longer(likely, SHORTEST.likely)])];
  const secrets = wanted.slice(0, most).toSorted((a, b) => b.length - a.length);
  return { secrets, left: wanted.length - secrets.length };
}

function longer(found: readonly string[], least: number): string[] {
  return found.map((secret) => secret.trim()).filter(({ length }) => length >= least);
}
