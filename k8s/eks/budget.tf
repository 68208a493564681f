resource "aws_budgets_budget" "month" {
  name         = "${var.name}-month"
  budget_type  = "COST"
  limit_amount = tostring(var.month_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # Of this project alone. The tag must be activated once for cost allocation, in the billing account (README.md).
  cost_filter {
    name   = "TagKeyValue"
    values = ["user:project$prompt2mesh"]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }
    content {
      notification_type          = notification.key
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = [var.alarm_email]
    }
  }
}
