# Makes gaussian.json: lmer and lmerTest on the tables of made_gaussian.py, models of
# gaussian_models.csv. Run from this folder: Rscript fit_gaussian.R [OUT]
suppressMessages(library(lmerTest))
Sys.setlocale("LC_COLLATE", "C")
out <- c(commandArgs(trailingOnly = TRUE), "gaussian.json")[1]
models <- read.csv("gaussian_models.csv", stringsAsFactors = FALSE)

# Tightened: bobyqa to a trust region of 1e-9 (2e-7 by default), and begun anew from the optimum
# found until the criterion falls by less than 1e-10. calc.derivs is on, as by default.
control <- lmerControl(
  optimizer = "bobyqa", calc.derivs = TRUE,
  optCtrl = list(rhobeg = 2e-1, rhoend = 1e-9, maxfun = 1e5)
)

numbers <- function(x) paste0("[", paste(sprintf("%.15g", as.numeric(x)), collapse = ", "), "]")
texts <- function(x) paste0("[", paste0("\"", x, "\"", collapse = ", "), "]")
object <- function(fields) paste0("{", paste0("\"", names(fields), "\": ", fields, collapse = ",\n   "), "}")

criterion_of <- function(fit) -2 * as.numeric(logLik(fit))

fit_one <- function(model) {
  data <- read.csv(paste0("gaussian_", model$table, ".csv"), stringsAsFactors = TRUE)
  formula <- as.formula(model$formula)
  fit <- lmer(formula, data, REML = model$reml == "true", control = control)
  criterion <- criterion_of(fit)
  repeat {
    fit <- lmer(formula, data, REML = model$reml == "true", control = control,
                start = getME(fit, "theta"))
    before <- criterion
    criterion <- criterion_of(fit)
    if (before - criterion < 1e-10) break
  }
  coefficients <- summary(fit)$coefficients
  tests <- anova(fit, type = 3)
  cat(model$name, sprintf("%.9f", criterion), if (isSingular(fit)) "singular", "\n")
  object(c(
    name = paste0("\"", model$name, "\""),
    criterion = sprintf("%.15g", criterion),
    fixed = texts(rownames(coefficients)),
    estimates = numbers(coefficients[, "Estimate"]),
    se = numbers(coefficients[, "Std. Error"]),
    df = numbers(coefficients[, "df"]),
    sigma = sprintf("%.15g", sigma(fit)),
    tests = paste0("[", paste(sprintf("{\"term\": \"%s\", \"numbers\": %s}", rownames(tests),
      apply(tests[, c("NumDF", "DenDF", "F value", "Pr(>F)")], 1, numbers)), collapse = ", "), "]"),
    terms = paste0("[", paste(terms_of(fit), collapse = ",\n   "), "]"),
    profile = if (model$profile == "true") profile_of(fit) else "null"
  ))
}

# Profile intervals of standard deviations and correlations, by name.
profile_of <- function(fit) {
  ends <- suppressMessages(confint(fit, parm = "theta_", method = "profile", oldNames = FALSE))
  object(setNames(apply(ends, 1, numbers), rownames(ends)))
}

# Each random term: its group, columns, covariance, and conditional modes with their covariances.
terms_of <- function(fit) {
  components <- VarCorr(fit)
  groups <- names(getME(fit, "cnms"))
  first <- getME(fit, "Gp")
  effects <- ranef(fit, condVar = TRUE)
  sapply(seq_along(groups), function(i) {
    covariance <- components[[i]]
    k <- nrow(covariance)
    conditional <- attr(effects[[groups[i]]], "postVar")
    # With several terms of a group, a list of an array a term.
    if (is.list(conditional)) conditional <- conditional[[sum(groups[seq_len(i)] == groups[i])]]
    object(c(
      group = paste0("\"", groups[i], "\""), columns = texts(rownames(covariance)),
      covariance = numbers(covariance), levels = texts(rownames(effects[[groups[i]]])),
      modes = numbers(getME(fit, "b")[(first[i] + 1):first[i + 1]]),
      mode_covariances = numbers(conditional)
    ))
  })
}

fits <- sapply(seq_len(nrow(models)), function(i) fit_one(models[i, ]))
versions <- c(R.version.string, paste("lme4", packageVersion("lme4")),
              paste("lmerTest", packageVersion("lmerTest")))
writeLines(paste0("{\"versions\": ", texts(versions), ",\n\"fits\": [\n",
                  paste(fits, collapse = ",\n"), "\n]}"), out)
