import { type Policies, PolicyPack } from "@pulumi/policy";
import type { Control } from "./control.ts";
import { controls } from "./controls.ts";
import type { AnyResource } from "./resources.ts";

/** Starts the pack: Pulumi's engine asks it over gRPC, before a resource is made and when the stack is whole. */
// Its constructor serves: there is nothing to hold.
// oxlint-disable-next-line no-new
new PolicyPack("line-bot", {
  description: "The security controls of a LINE bot's backend",
  enforcementLevel: "mandatory",
  policies: controls.map(toPolicy),
});

function toPolicy(control: Control): Policies[number] {
  const about = { name: control.id, description: `${control.title}.` };
  if ("checkStack" in control) {
    return {
      ...about,
      validateStack: ({ resources }, report) => {
        for (const { message, urn } of control.checkStack(resources.map(toResource))) report(message, urn);
      },
    };
  }
  return {
    ...about,
    validateResource: (args, report) => {
      const resource = toResource(args);
      if (control.applies(resource)) for (const message of control.check(resource)) report(message);
    },
  };
}

type Given = Omit<AnyResource, "protect"> & { opts: { protect: boolean } };

const toResource = ({ type, name, urn, props, opts: { protect } }: Given): AnyResource => ({
  type,
  name,
  urn,
  props,
  protect,
});
