/** The languages that LINE is mostly spoken in. */
export type Language = "en" | "ja" | "th" | "zh-Hant";

const languages: Readonly<Record<string, Language>> = { "ja-Jpan": "ja", "th-Thai": "th", "zh-Hant": "zh-Hant" };

/**
 * The language of a profile: a BCP 47 tag that may name a region and leave out the script (zh-TW and zh-HK are written
 * in zh-Hant), or nothing when the user did not agree to LINE's privacy policy. English unless it is one of the others.
 */
export function toLanguage(tag: string | undefined): Language {
  if (tag === undefined) return "en";
  try {
    const { language, script } = new Intl.Locale(tag.replaceAll("_", "-")).maximize();
    return languages[`${language}-${script}`] ?? "en";
  } catch (error) {
    if (error instanceof RangeError) return "en"; // Not a language tag.
    throw error;
  }
}
