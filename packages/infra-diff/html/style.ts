export const style = `
:root { color-scheme: light dark; --line: #8884; --add: #2da44e; --remove: #cf222e; --other: #bf8700; --same: #8888; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
code, pre { font: 0.88em/1.45 ui-monospace, monospace } code { background: #8882; padding: 0.1em 0.3em; border-radius: 4px }
pre { overflow-x: auto; background: #8881; padding: 0.7em 1em; border-radius: 6px }
pre .add { color: var(--add) } pre .remove { color: var(--remove) } pre .other { color: var(--other) }
table { border-collapse: collapse; margin: 0.5rem 0 } th, td { border: 1px solid var(--line); padding: 0.25rem 0.6rem; text-align: left }
.findings { list-style: none; padding-left: 0 } .findings li { border-left: 4px solid var(--same); padding: 0.15rem 0.7rem; margin: 0.3rem 0 }
.findings .danger { border-color: var(--remove) } .findings .caution { border-color: var(--other) }
.picture { overflow-x: auto; margin: 1rem 0 }
.graph { font: 12px system-ui, sans-serif; max-width: 100%; height: auto } .graph path { fill: none; stroke: var(--same); stroke-width: 1 } .graph path.marked { stroke: currentColor; stroke-width: 1.5 }

.graph rect { fill: Canvas; stroke: var(--same) } .graph text { fill: currentColor } .graph .type { font-size: 10px; opacity: 0.65 }
.graph .create rect, .graph .import rect, .graph .read rect { stroke: var(--add); stroke-width: 2; fill: color-mix(in srgb, var(--add) 15%, Canvas) }
.graph .update rect, .graph .rename rect, .graph .options rect { stroke: var(--other); stroke-width: 2; fill: color-mix(in srgb, var(--other) 15%, Canvas) }
.graph .replace rect { stroke: var(--remove); stroke-width: 2; stroke-dasharray: 5 3; fill: color-mix(in srgb, var(--remove) 12%, Canvas) }
.graph .delete rect, .graph .forget rect { stroke: var(--remove); stroke-width: 3; fill: color-mix(in srgb, var(--remove) 28%, Canvas) }
.graph .same text { opacity: 0.75 }
footer { margin-top: 3rem; border-top: 1px solid var(--line); opacity: 0.8 }
`;
