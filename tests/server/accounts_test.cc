#include "server/accounts.hpp"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unordered_map>

#include "support/temporary_folder.hpp"
#include "support/testing.hpp"

namespace switchboard::server {
namespace {

namespace fs = std::filesystem;
using test::skip;

using Accounts = std::unordered_map<std::string, std::string>;

void write(const std::string& path, const std::string& text) {
  std::ofstream{path} << text;
}

TEST_CASE("accounts: adding or changing one keeps the others") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write_account(path, "anna", "$argon2id$1");
  write(path, "# ours\n" + ("ben:$argon2id$2\n" + std::string{"Anna:$argon2id$1\n"}));
  write_account(path, "anna", "$argon2id$3");
  CHECK_EQ(read_accounts(path), Accounts{{"anna", "$argon2id$3"}, {"ben", "$argon2id$2"}});
  std::ifstream file{path};
  std::string first;
  std::getline(file, first);
  CHECK_EQ(first, "# ours");
}

TEST_CASE("accounts: the file is for its owner alone, even where it was for everybody") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write(path, "ben:$argon2id$2\n");
  fs::permissions(path, fs::perms::all);
  write_account(path, "anna", "$argon2id$1");
  CHECK_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_CASE("accounts: a file that its group may read keeps its mode and its owner") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write(path, "ben:$argon2id$2\n");
  REQUIRE_EQ(::chmod(path.c_str(), 0640), 0);
  struct stat before {};
  REQUIRE_EQ(::stat(path.c_str(), &before), 0);
  if (::chown(path.c_str(), before.st_uid + 1, before.st_gid + 1) != 0) before.st_uid -= 1;
  write_account(path, "anna", "$argon2id$1");
  struct stat after {};
  REQUIRE_EQ(::stat(path.c_str(), &after), 0);
  CHECK_EQ(after.st_mode & 07777U, 0640U);
  CHECK_EQ(after.st_uid, before.st_uid + 1);
}

// It became a file of its own.
TEST_CASE("accounts: a link to the file stays a link") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  const std::string link = folder.file("link");
  fs::create_symlink("accounts", link);
  write_account(link, "anna", "$argon2id$1");  // leads to nothing yet
  write_account(link, "ben", "$argon2id$2");
  CHECK(fs::is_symlink(link));
  CHECK_EQ(read_accounts(path), Accounts{{"anna", "$argon2id$1"}, {"ben", "$argon2id$2"}});
  const std::string loop = folder.file("loop");
  fs::create_symlink("loop", loop);
  CHECK_THROWS_AS(write_account(loop, "anna", "$argon2id$1"), std::runtime_error);
}

TEST_CASE("accounts: nothing is left beside the file, even after a failure") {
  const test::TemporaryFolder folder;
  write_account(folder.file("accounts"), "anna", "$argon2id$1");
  CHECK_THROWS_AS(write_account(folder.file("none/accounts"), "anna", "$argon2id$1"),
                  std::runtime_error);
  const fs::directory_iterator entries{fs::path{folder.file("accounts")}.parent_path()};
  CHECK_EQ(std::distance(fs::begin(entries), fs::end(entries)), 1);
}

TEST_CASE("accounts: the hash of nobody is looked at like any other, and no password is right") {
  CHECK(is_password_hash(hash_of_nobody()));
  CHECK_EQ(is_password(std::string{hash_of_nobody()}, ""), false);
}

// Limits the memory that this process may map beyond its present size, as ulimit -v limits it.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::size_t more_bytes) {
    std::size_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages;
    CHECK_EQ(::getrlimit(RLIMIT_AS, &before_), 0);
    const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const rlimit lowered{.rlim_cur = pages * page_bytes + more_bytes, .rlim_max = before_.rlim_max};
    CHECK_EQ(::setrlimit(RLIMIT_AS, &lowered), 0);
  }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
  ~MemoryLimit() { CHECK_EQ(::setrlimit(RLIMIT_AS, &before_), 0); }

 private:
  rlimit before_{};
};

// It was, to somebody who knew it.
TEST_CASE("accounts: a right password is not called wrong where its memory cannot be had") {
  if (!can_hash_passwords()) skip("built without libsodium");
  const std::string hash = hash_password("right");
  {
    const MemoryLimit limit{std::size_t{32} << 20U};
    CHECK_EQ(is_password(hash, "right"), std::nullopt);
  }
  CHECK_EQ(is_password(hash, "right"), true);
  CHECK_EQ(is_password(hash, "wrong"), false);
}

TEST_CASE("accounts: a malformed hash takes no password") {
  for (const char* hash : {"$argon2id$v=19$m=", "$argon2id$v=19$m=0,t=2,p=1$x$y",
                           "$argon2id$v=19$m=99999999999999999999,t=2,p=1$x$y"}) {
    CHECK_MESSAGE(is_password(hash, "right") == false, hash);
  }
}

// It was replaced by a file, as /dev/null would have been.
TEST_CASE("accounts: a pipe in place of the file is refused and left alone") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("pipe");
  REQUIRE_EQ(::mkfifo(path.c_str(), 0600), 0);
  CHECK_THROWS_AS(write_account(path, "anna", "$argon2id$1"), std::runtime_error);
  CHECK_EQ(fs::status(path).type(), fs::file_type::fifo);
}

// The accounts in it were lost.
TEST_CASE("accounts: a file that cannot be read is refused and left alone") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write(path, "ben:$argon2id$2\n");
  fs::permissions(path, fs::perms::none);
  if (std::ifstream{path}.is_open()) skip("this user may read everything");
  CHECK_THROWS_AS(write_account(path, "anna", "$argon2id$1"), std::runtime_error);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  CHECK_EQ(read_accounts(path), Accounts{{"ben", "$argon2id$2"}});
}

}  // namespace
}  // namespace switchboard::server
