import type { ErrorDetail } from "../errors.ts";

/** Where an action stands decides about its label. */
interface LabelLimit {
  property: "action" | "actions";
  max: number;
  required: boolean;
}

/** @see https://developers.line.biz/en/reference/messaging-api/#action-object-label-spec */
const labelLimits: Readonly<Record<string, LabelLimit>> = {
  QuickReplyItem: { property: "action", max: 20, required: true },
  ButtonsTemplate: { property: "actions", max: 20, required: true },
  ConfirmTemplate: { property: "actions", max: 20, required: true },
  CarouselColumn: { property: "actions", max: 20, required: true },
  ImageCarouselColumn: { property: "action", max: 12, required: false },
  FlexButton: { property: "action", max: 40, required: true },
  RichMenuArea: { property: "action", max: 20, required: false },
};

/** What is wrong with the labels of the actions in a value of this type. */
export function labelProblems(type: string, value: Record<string, unknown>, at: string): ErrorDetail[] {
  const limit = labelLimits[type];
  if (limit === undefined) return [];
  const { property, max, required } = limit;
  const given = value[property];
  const path = at === "" ? property : `${at}.${property}`;
  const actions: [unknown, string][] = Array.isArray(given)
    ? given.map((action: unknown, index) => [action, `${path}[${index}].label`])
    : [[given, `${path}.label`]];
  return actions.flatMap(([action, labelPath]) => {
    const message = problemOf(action, max, required);
    return message === undefined ? [] : [{ message, property: labelPath }];
  });
}

const segmenter = new Intl.Segmenter();

function problemOf(action: unknown, max: number, required: boolean): string | undefined {
  if (typeof action !== "object" || action === null) return undefined;
  const { label } = action as { label?: unknown };
  if (label === undefined || label === null || label === "") return required ? "May not be empty" : undefined;
  if (typeof label !== "string") return undefined;
  const isLong = label.length > max && [...segmenter.segment(label)].length > max;
  return isLong ? `Length must be between 0 and ${max}` : undefined;
}
