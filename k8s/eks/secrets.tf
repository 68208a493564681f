# What External Secrets brings into the cluster. Terraform makes the database's; scripts/eks/secrets makes the others.
# No value stands in the state: what is written here is written only (`_wo`), and read back only for the moment.

locals {
  # Raise by one to give the database a new password; then restart the pods.
  database_password_version = 1
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Turned by hand, with a restart (README.md): a key that users' data is encrypted with cannot be replaced behind the backend's back.
  for_each = {
    "database-password" = "The password of the database's user p2m"
    "database"          = "DATABASE_URL of API, runner and migrations"
    "backend"           = "P2M_SECRET_KEYS, P2M_POD_SIGNING_KEY and, if there is one, ANTHROPIC_API_KEY; made by scripts/eks/secrets"
  }
  name                    = "${var.name}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.data.arn
  recovery_window_in_days = 30
}

ephemeral "aws_secretsmanager_random_password" "database" {
  password_length     = 40
  exclude_punctuation = true # it stands in an address
}

resource "aws_secretsmanager_secret_version" "database_password" {
  secret_id                = aws_secretsmanager_secret.this["database-password"].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.database.random_password
  secret_string_wo_version = local.database_password_version
}

ephemeral "aws_secretsmanager_secret_version" "database" {
  secret_id = aws_secretsmanager_secret_version.database_password.secret_id
}

resource "aws_secretsmanager_secret_version" "database_url" {
  secret_id = aws_secretsmanager_secret.this["database"].id
  secret_string_wo = jsonencode({
    DATABASE_URL = format(
      "postgresql://%s:%s@%s/%s?sslmode=require",
      aws_db_instance.this.username,
      ephemeral.aws_secretsmanager_secret_version.database.secret_string,
      aws_db_instance.this.endpoint,
      aws_db_instance.this.db_name,
    )
  })
  secret_string_wo_version = local.database_password_version
}
