# One fit of lme4 for mixed_models.py: Rscript mixed_models.R TABLE WARM FORMULA
# Prints CPU seconds, wall seconds, megabytes at most, and the REML criterion.
suppressMessages(library(lme4))
given <- commandArgs(trailingOnly = TRUE)
fit <- function(path) {
  data <- read.csv(path, stringsAsFactors = TRUE)
  time <- system.time(model <- suppressMessages(suppressWarnings(lmer(as.formula(given[3]), data))))
  list(cpu = sum(time[c("user.self", "sys.self")]), wall = time[["elapsed"]], model = model)
}
invisible(fit(given[2]))
cat("warm\n")
found <- fit(given[1])
most <- grep("VmHWM", readLines("/proc/self/status"), value = TRUE)
cat(sprintf("%.6f %.6f %.3f %.10f\n", found$cpu, found$wall,
            as.numeric(gsub("[^0-9]", "", most)) / 1024, REMLcrit(found$model)))
