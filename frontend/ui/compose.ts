/** Pages with a composer: a new thread, and a thread that can be answered. */
import { Composer } from "./composer.ts";

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-composer]")) void new Composer(form).start();
