# Makes binomial.json: glmer (Laplace, nAGQ = 1) on the tables of made_binomial.py.
# Run from this folder: Rscript fit_binomial.R [OUT]
suppressMessages(library(lme4))
out <- c(commandArgs(trailingOnly = TRUE), "binomial.json")[1]

models <- list(
  slope = aligned ~ age + speaker + (1 + age | child_id),
  crossed = aligned ~ age + concreteness + (1 | child_id) + (1 | lemma),
  full = aligned ~ age + speaker + concreteness +
    (1 + age | child_id) + (1 | child_id:session_id) + (1 | lemma),
  singular = aligned ~ age + speaker + (1 + age | child_id) + (1 | child_id:session_id) + (1 | lemma)
)

# Tightened: modes to 1e-13 (1e-7 by default), bobyqa to a trust region of 2e-8 (2e-6), and begun
# anew from the optimum found until the deviance falls by less than 1e-9. The Hessian, from which
# standard errors come, is glmer's own: with modes so exact its differences are exact enough.
control <- glmerControl(
  optimizer = "bobyqa", tolPwrss = 1e-13,
  optCtrl = list(rhobeg = 2e-1, rhoend = 2e-8, maxfun = 1e5)
)

numbers <- function(x) paste0("[", paste(sprintf("%.15g", as.numeric(x)), collapse = ", "), "]")
texts <- function(x) paste0("[", paste0("\"", x, "\"", collapse = ", "), "]")

fit_one <- function(name) {
  data <- read.csv(paste0("binomial_", name, ".csv"), stringsAsFactors = TRUE)
  fit <- glmer(models[[name]], data, family = binomial, control = control)
  repeat {
    before <- deviance_of(fit)
    start <- list(theta = getME(fit, "theta"), fixef = fixef(fit))
    fit <- update(fit, start = start)
    if (before - deviance_of(fit) < 1e-9) break
  }
  components <- VarCorr(fit)
  cat(name, ": deviance ", sprintf("%.9f", deviance_of(fit)), "\n", sep = "")
  fields <- c(
    paste0("\"name\": \"", name, "\""),
    paste0("\"formula\": \"", gsub(" +", " ", paste(deparse(models[[name]]), collapse = "")), "\""),
    paste0("\"fixed\": ", texts(names(fixef(fit)))),
    paste0("\"estimates\": ", numbers(fixef(fit))),
    paste0("\"se\": ", numbers(sqrt(diag(as.matrix(vcov(fit, use.hessian = TRUE)))))),
    paste0("\"se_given_theta\": ", numbers(sqrt(diag(as.matrix(vcov(fit, use.hessian = FALSE)))))),
    paste0("\"groups\": ", texts(names(components))),
    paste0("\"components\": [", paste(sapply(components, numbers), collapse = ", "), "]"),
    paste0("\"deviance\": ", sprintf("%.12g", deviance_of(fit))),
    paste0("\"modes\": ", numbers(t(as.matrix(ranef(fit)$child_id)))),
    paste0("\"mode_variances\": ", numbers(apply(attr(ranef(fit)$child_id, "postVar"), 3, identity)))
  )
  paste0(" {\n  ", paste(fields, collapse = ",\n  "), "\n }")
}
deviance_of <- function(fit) -2 * as.numeric(logLik(fit))

fits <- sapply(names(models), fit_one)
versions <- texts(c(R.version.string, paste("lme4", packageVersion("lme4"))))
writeLines(paste0("{\n\"versions\": ", versions, ",\n\"fits\": [\n",
                  paste(fits, collapse = ",\n"), "\n]\n}"), out)
